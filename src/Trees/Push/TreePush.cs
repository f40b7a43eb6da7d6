using Microsoft.Win32.SafeHandles;
using RemoteExec.Cas;
using RemoteExec.Native;
using RemoteExec.Protocol;
using RemoteExec.Trees.Local;
using RemoteExec.Trees.Remote;

namespace RemoteExec.Trees.Push;

/// <summary>
/// Makes a directory on this machine a directory in the CAS: it is scanned, what is not known is hashed, the server is asked what it lacks, and only that is sent; in these steps, each of which
/// says beforehand how much there is to do. One that was broken off leaves what it has sent, and the next one does not send that again.
/// </summary>
public sealed class TreePush
{
    private const int DigestsPerLookUp = 10_000;
    private const int SmallBytes = 64 * 1024; // such share calls
    private const int SmallAtOnce = 512;
    private const int LargeAtOnce = 4;
    private readonly IBlobStore cas;
    private readonly FileSending sending;
    private readonly Action<Digest>? remember;
    private readonly CasFeatures features;
    private readonly TreeHasher hasher;
    private readonly LocalTree tree;
    private readonly DateTimeOffset began;
    private readonly IReadOnlyList<LocalFile> unknown;
    private readonly List<LocalFile> missingFiles = [];
    private readonly List<LocalDirectory> missingDirectories = [];
    private long sentBytes;

    private TreePush(IBlobStore cas, CasFeatures features, FileSending sending, TreeHasher hasher, LocalTree tree, Action<Digest>? remember, DateTimeOffset began)
    {
        (this.cas, this.features, this.sending, this.hasher, this.tree, this.remember, this.began) = (cas, features, sending, hasher, tree, remember, began);
        unknown = hasher.FindUnknown(tree);
        BytesToHash = unknown.Sum(file => file.Status.Length);
    }

    /// <summary>The bytes that <see cref="Hash"/> has to read.</summary>
    public long BytesToHash { get; }

    /// <summary>The bytes that the server lacks, once <see cref="FindMissingAsync"/> has asked.</summary>
    public long MissingBytes => missingFiles.Sum(file => file.Status.Length) + missingDirectories.Sum(directory => (long)directory.Message.Length);

    /// <summary>Scans a directory, and asks meanwhile what the server offers.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="cas">The server's blobs.</param>
    /// <param name="server">What else its CAS does; null for a CAS that is no server's, and takes anything.</param>
    /// <param name="options">How it is pushed.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="TreeException">Something in it can't be in a tree, or the server does not take it.</exception>
    /// <exception cref="IOException">It can't be read.</exception>
    /// <exception cref="StoreUnavailableException">The server can't be reached.</exception>
    public static async Task<TreePush> ScanAsync(string directory, IBlobStore cas, CasClient? server, TreePushOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        string path = LocalPath.Resolve(directory) ?? throw new TreeException($"there is no directory '{directory}'");
        DateTimeOffset began = time.GetUtcNow();
        Task<LocalTree> scan = Task.Run(() => TreeScan.Run(path, options.Scan, cancellationToken), cancellationToken);
        Task<CasFeatures> asking = server?.FindFeaturesAsync(cancellationToken) ?? Task.FromResult(new CasFeatures { DigestFunctions = DigestFunctions.Supported });
        await Task.WhenAll(scan, asking);
        (LocalTree tree, CasFeatures features) = (await scan, await asking);
        DigestFunction function = features.Choose(options.Function);
        if (!features.AbsoluteTargets)
            CheckTargets(tree);
        return new TreePush(
            cas, features, FileSending.Of(cas, server, features, options, path), new TreeHasher(options.Instance, function, options.State?.DigestsOf(path, function), time), tree,
            options.State is { } state ? root => EarlierTrees.Remember(state, path, root) : null, began);
    }

    /// <summary>All steps.</summary>
    /// <exception cref="TreeException">The tree can't be pushed as it is.</exception>
    /// <exception cref="IOException">Something can't be read.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    public async Task<PushedTree> RunAsync(IProgress<long> progress, CancellationToken cancellationToken)
    {
        Hash(progress, cancellationToken);
        await FindMissingAsync(cancellationToken);
        return await UploadAsync(progress, cancellationToken);
    }

    /// <summary>Hashes what has to be hashed.</summary>
    /// <param name="read">Told of bytes that were read.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="TreeException">A file does not stand still, or is larger than the server takes.</exception>
    /// <exception cref="IOException">A file can't be read.</exception>
    public void Hash(IProgress<long> read, CancellationToken cancellationToken)
    {
        hasher.Read(unknown, read, cancellationToken);
        hasher.Encode(tree);
        hasher.Remember(tree, unknown.Count, began);
        if (features.MaxBlobBytes is > 0 and var most && tree.Files.FirstOrDefault(file => file.Status.Length > most) is { } tooLarge)
            throw new TreeException($"'{tooLarge.Path}' has {tooLarge.Status.Length} bytes, and the server takes at most {most}: leave it out with --exclude '/{tooLarge.Path}'");
    }

    /// <summary>Asks the server what it lacks.</summary>
    /// <exception cref="CasException">The CAS fails.</exception>
    public async Task FindMissingAsync(CancellationToken cancellationToken)
    {
        var digests = new List<Digest>(tree.Count);
        foreach (LocalDirectory directory in tree.Directories)
        {
            digests.Add(directory.Digest);
            foreach (LocalFile file in directory.Files)
                digests.Add(file.Digest!.Value);
        }

        var lookUps = new List<Task<IReadOnlyCollection<Digest>>>();
        for (int start = 0; start < digests.Count; start += DigestsPerLookUp)
            lookUps.Add(cas.FindMissingAsync(digests.GetRange(start, Math.Min(DigestsPerLookUp, digests.Count - start)).ToArray(), cancellationToken).AsTask());
        HashSet<Digest> missing = [];
        foreach (Task<IReadOnlyCollection<Digest>> lookUp in lookUps)
            missing.UnionWith(await lookUp);
        if (missing.Count > 0)
            Find(missing);
    }

    // Each that is missing once, wherever it occurs.
    private void Find(HashSet<Digest> missing)
    {
        foreach (LocalDirectory directory in tree.Directories)
        {
            missingFiles.AddRange(directory.Files.Where(file => missing.Remove(file.Digest!.Value)));
            if (missing.Remove(directory.Digest))
                missingDirectories.Add(directory);
        }
    }

    /// <summary>Sends what the server lacks; the root last, so that it is there only if all of it is.</summary>
    /// <param name="done">Told of bytes that the server does not lack any more.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="TreeException">A file was changed meanwhile.</exception>
    /// <exception cref="IOException">A file can't be read.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    public async Task<PushedTree> UploadAsync(IProgress<long> done, CancellationToken cancellationToken)
    {
        int missing = missingFiles.Count + missingDirectories.Count;
        long missingBytes = MissingBytes;
        if (missing > 0)
            await UploadMissingAsync(done, cancellationToken);
        if (tree.Files.Any(file => file.Status.Length >= ChunkedUpload.MinBytes))
            remember?.Invoke(tree.Root.Digest);
        return new PushedTree(
            tree.Root.Digest, tree.Files.Count(), tree.Directories.Count(), tree.Directories.Sum(directory => directory.Symlinks.Count), tree.Files.Sum(file => file.Status.Length),
            unknown.Count, missing, missingBytes, sentBytes, tree.Skipped);
    }

    private async Task UploadMissingAsync(IProgress<long> done, CancellationToken cancellationToken)
    {
        await UploadAsync(missingFiles.Where(file => file.Status.Length > SmallBytes).OrderByDescending(file => file.Status.Length), LargeAtOnce, done, cancellationToken);
        await UploadAsync(missingFiles.Where(file => file.Status.Length <= SmallBytes), SmallAtOnce, done, cancellationToken);
        await Parallel.ForEachAsync(
            missingDirectories.Where(directory => directory != tree.Root), new ParallelOptions { MaxDegreeOfParallelism = SmallAtOnce, CancellationToken = cancellationToken },
            (directory, token) => SendAsync(directory, done, token));
        if (missingDirectories.Contains(tree.Root))
            await SendAsync(tree.Root, done, cancellationToken);
    }

    private static void CheckTargets(LocalTree tree)
    {
        foreach (LocalDirectory directory in tree.Directories)
        {
            if (directory.Symlinks.Find(link => link.Target.StartsWith('/')) is ({ } name, { } target))
                throw new TreeException($"the symlink '{directory.PathOf(name)}' leads to '{target}', and this server allows relative targets only: make it relative, or leave it out with --exclude '/{directory.PathOf(name)}'");
        }
    }

    private Task UploadAsync(IEnumerable<LocalFile> files, int atOnce, IProgress<long> done, CancellationToken cancellationToken) =>
        Parallel.ForEachAsync(files, new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = cancellationToken }, (file, token) => SendAsync(file, done, token));

    private async ValueTask SendAsync(LocalDirectory directory, IProgress<long> done, CancellationToken cancellationToken)
    {
        await cas.WriteAllAsync(directory.Digest, directory.Message, cancellationToken);
        Interlocked.Add(ref sentBytes, directory.Message.Length);
        done.Report(directory.Message.Length);
    }

    private async ValueTask SendAsync(LocalFile file, IProgress<long> done, CancellationToken cancellationToken) =>
        Interlocked.Add(ref sentBytes, await sending.SendAsync(file, done, cancellationToken));
}
