using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Protocol.References;
using RemoteExec.Trees.Stored;

namespace RemoteExec.Server.Cli.References;

/// <summary>How much of the CAS each of some references keeps, and how much of that no other of them does.</summary>
internal sealed class KeptTrees
{
    private readonly Dictionary<Digest, int> keepers = []; // by how many references each blob is kept
    private readonly List<(Reference Reference, HashSet<Digest>? Blobs, string Problem)> entries = [];

    /// <summary>Adds what a reference names.</summary>
    /// <exception cref="CasException">The server can't say.</exception>
    public async Task AddAsync(Reference reference, InstanceName instance, IBlobStore cas, CancellationToken cancellationToken)
    {
        Build.Bazel.Remote.Execution.V2.Digest named = reference.Target.Directory ?? reference.Target.Blob;
        if (!Digest.TryParse(instance, (DigestFunction)reference.Target.DigestFunction, named, out Digest root, out string? error))
        {
            entries.Add((reference, null, error));
            return;
        }

        HashSet<Digest> blobs = [root];
        if (reference.Target.KindCase == Target.KindOneofCase.Directory)
        {
            try
            {
                foreach (StoredNode node in (await StoredTree.LoadAsync(cas, root, cancellationToken)).Nodes())
                {
                    if ((node.Directory ?? node.File) is { } digest)
                        blobs.Add(digest);
                }
            }
            catch (RemoteExec.Trees.TreeException exception)
            {
                entries.Add((reference, null, exception.Message));
                return;
            }
        }

        foreach (Digest blob in blobs)
            keepers[blob] = keepers.GetValueOrDefault(blob) + 1;
        entries.Add((reference, blobs, ""));
    }

    /// <summary>All together.</summary>
    public KeptBytes Total => new("", keepers.Count, keepers.Keys.Sum(digest => digest.SizeBytes), 0, null, "");

    /// <summary>What each keeps, the one that alone keeps most first.</summary>
    public IReadOnlyList<KeptBytes> Each() =>
    [
        .. entries.Select(entry => new KeptBytes(
            entry.Reference.Name, entry.Blobs?.Count ?? 0, entry.Blobs?.Sum(digest => digest.SizeBytes) ?? 0, entry.Blobs?.Where(digest => keepers[digest] == 1).Sum(digest => digest.SizeBytes) ?? 0,
            entry.Reference.Expires?.ToDateTimeOffset(), entry.Problem)).OrderByDescending(kept => kept.OwnBytes).ThenBy(kept => kept.Name, StringComparer.Ordinal),
    ];
}
