using RemoteExec.Protocol;

namespace RemoteExec.Worker.Inputs;

/// <summary>The cached trees of one action; they stay until this is disposed. Used by one caller at a time.</summary>
/// <param name="trees">Where they are.</param>
/// <param name="owner">Whom their directories belong to.</param>
internal sealed class TreeHold(TreeCache trees, uint? owner) : IDisposable
{
    private readonly Dictionary<Digest, TreeCache.Claim> held = [];

    /// <summary>Where a tree is.</summary>
    public string PathOf(Digest digest) => held[digest].Path;

    /// <summary>Takes trees, building those that are not there, and files.</summary>
    /// <param name="tree">Has the trees.</param>
    /// <param name="wanted">The trees.</param>
    /// <param name="pins">Gets the files, and those that trees are built from.</param>
    /// <param name="files">The files.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="Cas.BlobsMissingException">The CAS lacks something.</exception>
    public async Task TakeAsync(InputTree tree, IEnumerable<Digest> wanted, FilePins pins, IEnumerable<FileKey> files, CancellationToken cancellationToken)
    {
        HashSet<Digest> left = [.. wanted];
        do
        {
            TreeCache.Claim[] claims = [.. left.Select(digest => trees.Take(new TreeKey(digest, owner)))];
            try
            {
                await BuildAsync([.. claims.Where(claim => claim.IsMine)], tree, pins, files, cancellationToken);
                foreach (TreeCache.Claim claim in claims)
                {
                    if (await claim.IsBuiltAsync(cancellationToken))
                        held.Add(claim.Key.Digest, claim);
                }
            }
            finally
            {
                foreach (TreeCache.Claim claim in claims.Where(claim => !held.ContainsKey(claim.Key.Digest)))
                    claim.Dispose();
            }

            left.ExceptWith(held.Keys); // who was to build them has failed or given up: try oneself
            files = [];
        }
        while (left.Count > 0);
    }

    /// <summary>Lets the cache drop them.</summary>
    public void Dispose()
    {
        foreach (TreeCache.Claim claim in held.Values)
            claim.Dispose();
        held.Clear();
    }

    private static async Task BuildAsync(
        TreeCache.Claim[] mine, InputTree tree, FilePins pins, IEnumerable<FileKey> files, CancellationToken cancellationToken)
    {
        Digest[] digests = [.. mine.Select(claim => claim.Key.Digest)];
        await tree.ReadAllAsync(digests, cancellationToken);
        await pins.FetchAsync(
            files.Concat(tree.AllBeneath(digests).SelectMany(directory => directory.Files).Select(file => file.Key)), cancellationToken);
        await Parallel.ForEachAsync(mine, cancellationToken, async (claim, cancellation) => await claim.BuildAsync(tree, pins, cancellation));
    }
}
