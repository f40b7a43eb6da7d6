using System.Runtime.CompilerServices;

namespace RemoteExec.Protocol;

/// <summary>
/// Walks trees of directories that others have made, within bounds (CAS-26): depth and count are limited, and each distinct directory is
/// loaded once.
/// </summary>
public sealed record MerkleTreeWalk
{
    /// <summary>The depth beyond which a tree is refused; paths of this many segments exist on no usual file system.</summary>
    public int MaxDepth { get; init; } = 1024;

    /// <summary>The number of distinct directories beyond which a tree is refused.</summary>
    public int MaxDirectories { get; init; } = 250_000;

    /// <summary>How many directories are asked of the loader at once.</summary>
    public int BatchSize { get; init; } = 128;

    /// <summary>
    /// Visits every distinct directory reachable from a root once, the root first, in an order that depends on the tree alone (CAS-22). Child
    /// digests that are malformed lead nowhere; who minds checks what it is given with <see cref="DirectoryValidator"/>.
    /// </summary>
    /// <exception cref="TreeTooLargeException">A limit is passed.</exception>
    public async IAsyncEnumerable<DirectoryVisit> WalkAsync(
        Digest root, DirectoryLoader load, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var seen = new HashSet<Digest> { root };
        var waiting = new Queue<(Digest Digest, int Depth)>();
        waiting.Enqueue((root, 0));
        var batch = new List<(Digest Digest, int Depth)>(BatchSize);
        while (waiting.Count > 0)
        {
            batch.Clear();
            while (batch.Count < BatchSize && waiting.TryDequeue(out var next))
                batch.Add(next);

            IReadOnlyList<Reapi.Directory?> loaded = await load([.. batch.Select(entry => entry.Digest)], cancellationToken);
            for (int i = 0; i < batch.Count; i++)
            {
                (Digest digest, int depth) = batch[i];
                foreach (Reapi.DirectoryNode child in loaded[i]?.Directories ?? [])
                {
                    if (!digest.TryParseSibling(child.Digest, out Digest childDigest, out _) || !seen.Add(childDigest))
                        continue;
                    if (depth == MaxDepth)
                        throw new TreeTooLargeException(root, $"it is deeper than {MaxDepth} directories");
                    if (seen.Count > MaxDirectories)
                        throw new TreeTooLargeException(root, $"it has more than {MaxDirectories} directories");
                    waiting.Enqueue((childDigest, depth + 1));
                }

                yield return new DirectoryVisit(digest, loaded[i], depth);
            }
        }
    }
}
