using System.Collections.Concurrent;
using RemoteExec.Cas;
using RemoteExec.Native;
using RemoteExec.Protocol;
using RemoteExec.Trees.Local;
using RemoteExec.Trees.Remote;
using RemoteExec.Trees.Stored;

namespace RemoteExec.Trees.Pull;

/// <summary>
/// Makes a directory on this machine what a directory in the CAS is. It is put together beside the place where it is to be, out of what is there already and what has to be fetched, and takes that
/// place when it is complete: nobody ever sees a half of it. One that was broken off leaves what it has fetched, and the next one goes on.
/// </summary>
public sealed class TreePull : IDisposable
{
    private const int SmallBytes = 64 * 1024; // such share calls
    private const int SmallAtOnce = 512;
    private const int LargeAtOnce = 4;
    private const int OwnerWrites = 0x80;
    private static readonly TimeSpan tick = TimeSpan.FromMilliseconds(20); // more than any clock of a file system takes
    private readonly IBlobStore cas;
    private readonly Digest root;
    private readonly TreePullOptions options;
    private readonly TimeProvider time;
    private readonly PullTarget target;
    private readonly CasClient? server;
    private readonly BlobCache? cache;
    private readonly ConcurrentDictionary<string, FileStatus> placed = new(StringComparer.Ordinal);
    private readonly List<StoredNode> toFetch = [];
    private Staging? staging;
    private StoredTree? wanted;
    private Dictionary<string, LocalFile> old = [];

    private TreePull(PullTarget target, IBlobStore cas, CasClient? server, Digest root, TreePullOptions options, TimeProvider time)
    {
        (this.target, this.cas, this.server, this.root, this.options, this.time) = (target, cas, server, root, options, time);
        cache = options.CacheDirectory is { } directory ? new BlobCache(directory, options.Links) : null;
    }

    /// <summary>True if what is wanted was there from the beginning: then there is nothing to do.</summary>
    public bool IsUpToDate => target.IsUpToDate;

    /// <summary>The bytes that are not on this machine, once <see cref="PrepareAsync"/> has found out.</summary>
    public long BytesToFetch => toFetch.Sum(node => node.File!.Value.SizeBytes);

    /// <summary>Looks at what is there; nothing is asked of the server.</summary>
    /// <param name="directory">The directory; need not be there.</param>
    /// <param name="root">What is to be in it.</param>
    /// <param name="cas">The server's blobs.</param>
    /// <param name="server">Takes large blobs apart; null if nothing does.</param>
    /// <param name="options">How it is pulled.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="TreeException">It is no directory.</exception>
    /// <exception cref="IOException">It can't be read.</exception>
    public static TreePull Look(string directory, Digest root, IBlobStore cas, CasClient? server, TreePullOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        string path = LocalPath.Resolve(directory) ?? Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));
        var target = new PullTarget(path, root, options.State, time);
        target.Look(cancellationToken);
        return new TreePull(target, cas, server, root, options, time);
    }

    /// <summary>All steps.</summary>
    /// <inheritdoc cref="PrepareAsync"/>
    public async Task<PulledTree> RunAsync(IProgress<long> progress, CancellationToken cancellationToken)
    {
        if (IsUpToDate)
            return Unchanged();
        await PrepareAsync(cancellationToken);
        return await FetchAsync(progress, cancellationToken);
    }

    /// <summary>What is told if there is nothing to do; but for what a pull has left that ended just before it could tidy up.</summary>
    /// <exception cref="IOException">Something can't be deleted.</exception>
    public PulledTree Unchanged()
    {
        Staging.DeleteRemains(target.Path);
        return new PulledTree(root, target.Path, true, target.Tree!.Files.Count(), target.Tree.Files.Sum(file => file.Status.Length), target.Tree.Files.Count(), 0, 0);
    }

    /// <summary>Reads the directories of the tree, lays them out, and puts into them what is on this machine already.</summary>
    /// <exception cref="LocalChangesException">What is there would be lost.</exception>
    /// <exception cref="TreeException">The tree can't be had, or somebody else pulls into the directory.</exception>
    /// <exception cref="IOException">Something can't be read or written.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        if (!options.Force)
            await target.CheckUnchangedAsync(cancellationToken);
        wanted = await StoredTree.LoadAsync(cas, root, cancellationToken);
        staging = Staging.Open(target.Path);
        foreach ((string path, FileStatus status) in Remains.TidyUp(staging.TreePath, wanted, new TreeHasher(root.Instance, root.Function, null, time), cancellationToken))
            placed.TryAdd(path, status);
        old = target.Tree?.Files.ToDictionary(file => file.Path, StringComparer.Ordinal) ?? [];
        Directory.CreateDirectory(staging.TreePath);
        foreach (StoredNode node in wanted.Nodes())
            Place(node);
    }

    /// <summary>Fetches what is not on this machine, and lets the tree take its place.</summary>
    /// <param name="done">Told of bytes that need not be fetched any more.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <inheritdoc cref="PrepareAsync"/>
    public async Task<PulledTree> FetchAsync(IProgress<long> done, CancellationToken cancellationToken)
    {
        var fetch = new BlobFetch(cas, await FindChunksAsync(cancellationToken));
        ILookup<bool, IGrouping<Digest, StoredNode>> groups = toFetch.GroupBy(node => node.File!.Value).ToLookup(group => group.Key.SizeBytes > SmallBytes);
        Dictionary<Digest, LocalFile> known = target.Tree?.Files.DistinctBy(file => file.Digest).ToDictionary(file => file.Digest!.Value) ?? [];
        await FetchAsync(fetch, groups[true].OrderByDescending(group => group.Key.SizeBytes), known, LargeAtOnce, done, cancellationToken);
        await FetchAsync(fetch, groups[false], known, SmallAtOnce, done, cancellationToken);
        target.CheckSame(cancellationToken);
        try
        {
            staging!.Swap(target.Path);
        }
        catch (NativeException exception)
        {
            throw new TreeException($"'{target.Path}' can't be replaced: {exception.Message}; name a directory that is nobody's root and no file system of its own", exception);
        }

        staging.Delete();
        await RememberAsync(cancellationToken);
        return new PulledTree(
            root, target.Path, false, placed.Count, placed.Values.Sum(status => status.Length), placed.Count - toFetch.Count, fetch.Blobs, fetch.Bytes);
    }

    /// <summary>Lets others pull into the directory.</summary>
    public void Dispose() => staging?.Dispose();

    private string StagedPath(string path) => $"{staging!.TreePath}/{path}";

    private void Place(StoredNode node)
    {
        string path = StagedPath(node.Path);
        if (node.Directory is not null)
        {
            Directory.CreateDirectory(path);
        }
        else if (node.Target is not null)
        {
            if (FileStatus.Of(path) is null)
                File.CreateSymbolicLink(path, node.Target);
        }
        else if (!placed.ContainsKey(node.Path) && !TryLinkOld(node, path))
        {
            toFetch.Add(node);
        }
    }

    /// <summary>Takes a file over that was there and is to stay as it is.</summary>
    private bool TryLinkOld(StoredNode node, string path)
    {
        if (options.Links || !old.TryGetValue(node.Path, out LocalFile? file) || file.Digest != node.File || file.Status.IsExecutable != node.IsExecutable)
            return false;
        if ((file.Status.Mode & OwnerWrites) == 0 || !FileMoves.TryLink(file.FullPath, path)) // read-only ones may be a cache's
            return false;
        if (FileStatus.Of(path) is { } status && status.Inode == file.Status.Inode && status.HasContentOf(file.Status) && status.Mode == file.Status.Mode)
            return placed.TryAdd(node.Path, status);
        File.Delete(path); // it was changed since it was looked at
        return false;
    }

    private async Task<ChunkedFetch?> FindChunksAsync(CancellationToken cancellationToken) =>
        server is not null && toFetch.Exists(node => node.File!.Value.SizeBytes >= ChunkedFetch.MinBytes)
        && await server.FindFeaturesAsync(cancellationToken) is { Splits: true, Chunker: { } chunker }
            ? new ChunkedFetch(cas, server, chunker)
            : null;

    private Task FetchAsync(BlobFetch fetch, IEnumerable<IGrouping<Digest, StoredNode>> groups, Dictionary<Digest, LocalFile> known, int atOnce, IProgress<long> done, CancellationToken cancellationToken) =>
        Parallel.ForEachAsync(groups, new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = cancellationToken }, async (group, token) =>
        {
            (string Path, FileStatus Status)? first = known.TryGetValue(group.Key, out LocalFile? file) ? (file.FullPath, file.Status) : null;
            foreach (StoredNode node in group)
            {
                string path = StagedPath(node.Path);
                string? rest = SetAside(path);
                bool isCopied = first is { } source && !options.Links && LocalCopy.TryMake(source.Path, source.Status, path, group.Key, node.IsExecutable);
                if (!isCopied)
                    await FetchAsync(fetch, node, group.Key, path, rest, token);
                FileStatus status = FileStatus.Of(path) ?? throw new TreeException($"'{path}' vanished: is somebody else at work there?");
                placed[node.Path] = status;
                first = (path, status);
                if (rest is not null)
                    File.Delete(rest);
                done.Report(group.Key.SizeBytes);
            }
        });

    // What a pull before had of a large file: its chunks may be good.
    private string? SetAside(string path)
    {
        if (FileStatus.Of(path) is null)
            return null;
        string rest = Path.Combine(Path.GetDirectoryName(staging!.TreePath)!, $"rest-{Guid.NewGuid():N}");
        FileMoves.Move(path, rest);
        return rest;
    }

    private async Task FetchAsync(BlobFetch fetch, StoredNode node, Digest digest, string path, string? rest, CancellationToken cancellationToken)
    {
        var alike = new List<string>();
        if (rest is not null)
            alike.Add(rest);
        if (old.TryGetValue(node.Path, out LocalFile? before))
            alike.Add(before.FullPath);
        if (options.Alike is { } other && FileStatus.Of($"{other}/{node.Path}") is { Kind: FileKind.File })
            alike.Add($"{other}/{node.Path}");
        try
        {
            if (cache is null)
                await fetch.WriteAsync(digest, path, node.IsExecutable, alike, cancellationToken);
            else
                await cache.WriteAsync(digest, path, node.IsExecutable, (to, isExecutable) => fetch.WriteAsync(digest, to, isExecutable, alike, cancellationToken));
        }
        catch (TreeException exception)
        {
            throw new TreeException($"'{node.Path}' can't be pulled: {exception.Message}", exception);
        }
    }

    /// <summary>Remembers of each file that it is what was pulled, unless somebody has changed it already.</summary>
    private async Task RememberAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(2 * tick, time, cancellationToken); // what is changed from here on has later times
        DateTimeOffset now = time.GetUtcNow();
        LocalTree tree = TreeScan.Run(target.Path, ScanOptions.Everything, cancellationToken);
        Dictionary<string, Digest> digests = wanted!.Nodes().Where(node => node.File is not null).ToDictionary(node => node.Path, node => node.File!.Value, StringComparer.Ordinal);
        var changed = new List<LocalFile>();
        foreach (LocalFile file in tree.Files)
        {
            bool isSame = placed.TryGetValue(file.Path, out FileStatus status) && status.Inode == file.Status.Inode && file.Status.HasContentOf(status);
            file.Digest = isSame ? digests[file.Path] : null;
            if (!isSame)
                changed.Add(file);
        }

        if (changed.Count > 0 || tree.Skipped.Count > 0)
            return; // somebody is at work there: what is known would be wrong at once
        target.Hasher.Encode(tree);
        DigestCache.Save(options.State.DigestsOf(target.Path, root.Function), root.Function, tree.Files, now - tick);
        target.Remember(tree);
    }
}
