using RemoteExec.Protocol;

namespace RemoteExec.Server.Cli.Trees;

/// <summary>How something in the CAS is written on a command line: a digest or the name of a reference, and behind a colon the path of something in it.</summary>
/// <param name="Digest">The digest; null for a name.</param>
/// <param name="Name">The name; null for a digest.</param>
/// <param name="Path">The path; empty for none.</param>
internal sealed record TreeArgument(Digest? Digest, string? Name, string Path)
{
    /// <summary>What such an argument is called in a help.</summary>
    public const string Help = "a directory of the CAS: a digest, HASH/SIZE, or the name of a reference; and :PATH for something in it";

    /// <summary>Reads one.</summary>
    /// <exception cref="UsageException">It is none.</exception>
    public static TreeArgument Parse(InstanceName instance, string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon > 0 && DigestFunctions.FromName(text.AsSpan(0, colon)) != DigestFunction.Unknown)
            colon = text.IndexOf(':', colon + 1);
        string what = colon < 0 ? text : text[..colon], path = colon < 0 ? "" : text[(colon + 1)..];
        if (DigestArgument.Parse(instance, what) is { } digest)
            return new TreeArgument(digest, null, path);
        return IsName(what) ? new TreeArgument(null, what, path) : throw new UsageException($"'{text}' is neither a digest, HASH/SIZE, nor the name of a reference, nor one of them with :PATH");
    }

    /// <summary>True if a reference can have a name, as far as its characters tell.</summary>
    public static bool IsName(string text) =>
        text.Split('/').All(segment => segment.Length > 0) && text.All(character => char.IsAsciiLetterOrDigit(character) || "._+-@/".Contains(character, StringComparison.Ordinal));

    /// <inheritdoc/>
    public override string ToString() => $"{Name ?? Digest?.ToArgument()}{(Path.Length == 0 ? "" : $":{Path}")}";
}
