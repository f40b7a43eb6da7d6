using System.Collections.Concurrent;
using Microsoft.Win32.SafeHandles;
using RemoteExec.Cas;
using RemoteExec.Native;
using RemoteExec.Protocol;
using RemoteExec.Trees.Local;
using RemoteExec.Trees.Services;

namespace RemoteExec.Trees.Push;

/// <summary>
/// Makes a directory on this machine a directory in the CAS: it is scanned, what is not known is hashed, the server is asked what it lacks, and only that is sent; in these steps, each of which
/// says beforehand how much there is to do. One that was broken off leaves what it has sent, and the next one does not send that again.
/// </summary>
public sealed class TreePush
{
    private const int LookUpsAtOnce = 4;
    private const int DigestsPerLookUp = 10_000;
    private const int SmallBytes = 64 * 1024; // such share calls
    private const int SmallAtOnce = 512;
    private const int LargeAtOnce = 4;
    private readonly IBlobStore cas;
    private readonly ChunkedUpload? chunks;
    private readonly TreePushOptions options;
    private readonly TreeHasher hasher;
    private readonly LocalTree tree;
    private readonly DateTimeOffset began;
    private readonly IReadOnlyList<LocalFile> unknown;
    private readonly List<LocalFile> missingFiles = [];
    private readonly List<LocalDirectory> missingDirectories = [];
    private long sentBytes;

    private TreePush(IBlobStore cas, CasClient? server, TreePushOptions options, TreeHasher hasher, LocalTree tree, DateTimeOffset began)
    {
        (this.cas, this.options, this.hasher, this.tree, this.began) = (cas, options, hasher, tree, began);
        if (server is not null && options.Features is { Splices: true, Chunker: { } chunker })
            chunks = new ChunkedUpload(cas, server, chunker);
        unknown = hasher.FindUnknown(tree);
        BytesToHash = unknown.Sum(file => file.Status.Length);
    }

    /// <summary>The bytes that <see cref="Hash"/> has to read.</summary>
    public long BytesToHash { get; }

    /// <summary>The bytes that the server lacks, once <see cref="FindMissingAsync"/> has asked.</summary>
    public long MissingBytes => missingFiles.Sum(file => file.Status.Length) + missingDirectories.Sum(directory => (long)directory.Message.Length);

    /// <summary>Scans a directory.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="cas">The server's blobs.</param>
    /// <param name="server">Puts large blobs together; null if nothing does.</param>
    /// <param name="options">How it is pushed.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="TreeException">Something in it can't be in a tree.</exception>
    /// <exception cref="IOException">It can't be read.</exception>
    public static TreePush Scan(string directory, IBlobStore cas, CasClient? server, TreePushOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        string path = LocalPath.Resolve(directory) ?? throw new TreeException($"there is no directory '{directory}'");
        DateTimeOffset began = time.GetUtcNow();
        var hasher = new TreeHasher(options.Instance, options.Function, options.State?.DigestsOf(path, options.Function), time);
        return new TreePush(cas, server, options, hasher, TreeScan.Run(path, options.Scan, cancellationToken), began);
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
        if (options.Features.MaxBlobBytes is > 0 and var most && tree.Files.FirstOrDefault(file => file.Status.Length > most) is { } tooLarge)
            throw new TreeException($"'{tooLarge.Path}' has {tooLarge.Status.Length} bytes, and the server takes at most {most}: leave it out with --exclude '/{tooLarge.Path}'");
    }

    /// <summary>Asks the server what it lacks.</summary>
    /// <exception cref="CasException">The CAS fails.</exception>
    public async Task FindMissingAsync(CancellationToken cancellationToken)
    {
        var files = new Dictionary<Digest, LocalFile>();
        foreach (LocalFile file in tree.Files)
            files.TryAdd(file.Digest!.Value, file);
        var directories = new Dictionary<Digest, LocalDirectory>();
        foreach (LocalDirectory directory in tree.Directories)
            directories.TryAdd(directory.Digest, directory);

        var missing = new ConcurrentBag<IReadOnlyCollection<Digest>>();
        await Parallel.ForEachAsync(
            files.Keys.Concat(directories.Keys).Chunk(DigestsPerLookUp),
            new ParallelOptions { MaxDegreeOfParallelism = LookUpsAtOnce, CancellationToken = cancellationToken },
            async (batch, token) => missing.Add(await cas.FindMissingAsync(batch, token)));
        foreach (Digest digest in missing.SelectMany(batch => batch))
        {
            if (files.TryGetValue(digest, out LocalFile? file))
                missingFiles.Add(file);
            else
                missingDirectories.Add(directories[digest]);
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
        await UploadAsync(missingFiles.Where(file => file.Status.Length > SmallBytes).OrderByDescending(file => file.Status.Length), LargeAtOnce, done, cancellationToken);
        await UploadAsync(missingFiles.Where(file => file.Status.Length <= SmallBytes), SmallAtOnce, done, cancellationToken);
        await Parallel.ForEachAsync(
            missingDirectories.Where(directory => directory != tree.Root), new ParallelOptions { MaxDegreeOfParallelism = SmallAtOnce, CancellationToken = cancellationToken },
            (directory, token) => SendAsync(directory, done, token));
        if (missingDirectories.Contains(tree.Root))
            await SendAsync(tree.Root, done, cancellationToken);
        return new PushedTree(
            tree.Root.Digest, tree.Files.Count(), tree.Directories.Count(), tree.Directories.Sum(directory => directory.Symlinks.Count), tree.Files.Sum(file => file.Status.Length),
            unknown.Count, missing, missingBytes, sentBytes, tree.Skipped);
    }

    private Task UploadAsync(IEnumerable<LocalFile> files, int atOnce, IProgress<long> done, CancellationToken cancellationToken) =>
        Parallel.ForEachAsync(files, new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = cancellationToken }, (file, token) => SendAsync(file, done, token));

    private async ValueTask SendAsync(LocalDirectory directory, IProgress<long> done, CancellationToken cancellationToken)
    {
        await cas.WriteAllAsync(directory.Digest, directory.Message, cancellationToken);
        Interlocked.Add(ref sentBytes, directory.Message.Length);
        done.Report(directory.Message.Length);
    }

    private async ValueTask SendAsync(LocalFile file, IProgress<long> done, CancellationToken cancellationToken)
    {
        Digest digest = file.Digest!.Value;
        try
        {
            long? sent = chunks is not null && digest.SizeBytes >= ChunkedUpload.MinBytes ? await chunks.RunAsync(file.FullPath, digest, done, cancellationToken) : null;
            if (sent is null)
            {
                using SafeFileHandle handle = File.OpenHandle(file.FullPath);
                await FileUpload.SendAsync(cas, handle, 0, digest, cancellationToken);
                done.Report(digest.SizeBytes);
            }

            Interlocked.Add(ref sentBytes, sent ?? digest.SizeBytes);
        }
        catch (Exception exception) when (exception is BlobMismatchException or FileNotFoundException or DirectoryNotFoundException)
        {
            string what = FileStatus.Of(file.FullPath) == file.Status ? $"arrived damaged: {exception.Message}" : "was changed while it was pushed";
            throw new TreeException($"'{file.Path}' {what}; push again", exception);
        }
    }
}
