using Google.Protobuf;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Wire;

namespace RemoteExec.Builds.Explain;

/// <summary>An action as far as it can still be read.</summary>
/// <param name="Digest">Its digest.</param>
/// <param name="Action">The message; null if it is gone, or none.</param>
/// <param name="Command">Its command; null if it is gone, or none.</param>
public sealed record ActionContent(Digest Digest, Reapi.Action? Action, Reapi.Command? Command)
{
    /// <summary>Longer actions are not looked at; the server executes none that are.</summary>
    internal const int MaxActionBytes = 4 * 1024 * 1024;

    /// <summary>Longer commands are not looked at.</summary>
    internal const int MaxCommandBytes = 16 * 1024 * 1024;

    /// <summary>The root of its inputs; null if the action is gone.</summary>
    public Digest? InputRoot => Action is not null && Digest.TryParseSibling(Action.InputRootDigest, out Digest root, out _) ? root : null;

    /// <summary>The properties it wants of a worker, wherever the client put them (ACT-06).</summary>
#pragma warning disable CS0612 // deprecated, but still sent
    internal Reapi.Platform? Platform => Action?.Platform ?? Command?.Platform;

    /// <summary>All that it declares as outputs, sorted; empty if the command is gone.</summary>
    internal IReadOnlyList<string> Outputs => Command is null
        ? []
        : [.. (Command.OutputPaths.Count > 0 ? Command.OutputPaths : Command.OutputFiles.Concat(Command.OutputDirectories)).Order(StringComparer.Ordinal)];
#pragma warning restore CS0612

    /// <summary>Reads an action and its command.</summary>
    /// <exception cref="CasException">Storage failed.</exception>
    public static async Task<ActionContent> LoadAsync(IBlobStore cas, Digest digest, CancellationToken cancellationToken)
    {
        Reapi.Action? action = await ReadAsync(cas, digest, Reapi.Action.Parser, MaxActionBytes, cancellationToken);
        Reapi.Command? command = action is not null && digest.TryParseSibling(action.CommandDigest, out Digest commandDigest, out _)
            ? await ReadAsync(cas, commandDigest, Reapi.Command.Parser, MaxCommandBytes, cancellationToken)
            : null;
        // Clients over HTTP name an action by its hash alone.
        Digest whole = digest.HasSize || action is null ? digest : Digest.Create(digest.Instance, digest.Function, digest.HashSpan, action.CalculateSize());
        return new ActionContent(whole, action, command);
    }

    /// <summary>Reads a message; null if it is absent, damaged, too long, or no such message.</summary>
    internal static async ValueTask<T?> ReadAsync<T>(IBlobStore cas, Digest digest, MessageParser<T> parser, int maxBytes, CancellationToken cancellationToken)
        where T : class, IMessage<T>
    {
        try
        {
            return await cas.ReadMessageAsync(digest, parser, maxBytes, cancellationToken);
        }
        catch (Exception exception) when (exception is BlobTooLargeException or BlobCorruptException || MalformedMessage.IsReason(exception))
        {
            return null; // whoever compares says that it could not be read
        }
    }
}
