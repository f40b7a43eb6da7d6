using Google.Protobuf;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Wire;

namespace RemoteExec.Runs.Outputs;

/// <summary>Directories of results as directories of the CAS.</summary>
internal static class OutputDirectory
{
    private const int MaxTreeBytes = 256 * 1024 * 1024;

    /// <summary>The root of such a directory. Where the result has but a <c>Tree</c> of it, its directories become blobs, so that it can be pulled, or be an input, as any other.</summary>
    /// <exception cref="RunException">It is damaged, or not there.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    public static async Task<Digest> FindAsync(Digest action, Reapi.OutputDirectory directory, IBlobStore cas, CancellationToken cancellationToken)
    {
        if (directory.RootDirectoryDigest is { } given)
            return Parse(action, given);
        Digest digest = Parse(action, directory.TreeDigest);
        Reapi.Tree tree = await LoadAsync(digest, cas, cancellationToken);
        Digest? root = null;
        Dictionary<Digest, byte[]> all = [];
        foreach (Reapi.Directory child in tree.Children.Prepend(tree.Root ?? new Reapi.Directory()))
        {
            byte[] content = child.ToByteArray();
            Digest own = digest.SiblingOf(content);
            root ??= own;
            all[own] = content;
        }

        foreach (Digest missing in await cas.FindMissingAsync(all.Keys.ToArray(), cancellationToken))
            await cas.WriteAllAsync(missing, all[missing], cancellationToken);
        return root!.Value;
    }

    /// <summary>A digest that a result has.</summary>
    /// <exception cref="RunException">It is none.</exception>
    public static Digest Parse(Digest action, Reapi.Digest? digest) =>
        action.TryParseSibling(digest, out Digest parsed, out string? error) ? parsed : throw new RunException($"the result of {action.ToArgument()} is damaged: {error}");

    private static async Task<Reapi.Tree> LoadAsync(Digest digest, IBlobStore cas, CancellationToken cancellationToken)
    {
        try
        {
            byte[] content = await cas.ReadAllAsync(digest, MaxTreeBytes, cancellationToken) ?? throw new RunException($"the server has a directory no more that the command made: {digest.ToArgument()}");
            return digest.SiblingOf(content) == digest ? Reapi.Tree.Parser.ParseFrom(content) : throw new RunException($"the server sent something else than {digest.ToArgument()}");
        }
        catch (Exception exception) when (exception is BlobTooLargeException || MalformedMessage.IsReason(exception))
        {
            throw new RunException($"{digest.ToArgument()} is no directory that a command made: {exception.Message}", exception);
        }
    }
}
