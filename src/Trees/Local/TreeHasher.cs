using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using Microsoft.Win32.SafeHandles;
using RemoteExec.Native;
using RemoteExec.Protocol;

namespace RemoteExec.Trees.Local;

/// <summary>Finds the digests of trees on this machine, and reads no file whose digest is known.</summary>
/// <param name="instance">The instance of the digests.</param>
/// <param name="function">Their function.</param>
/// <param name="cachePath">Where the digests of earlier runs are; null to read every file.</param>
/// <param name="time">The clock.</param>
internal sealed class TreeHasher(InstanceName instance, DigestFunction function, string? cachePath, TimeProvider time)
{
    /// <summary>What is older than this when it is looked at has left a trace in its times of every change: generous for file systems elsewhere.</summary>
    public static readonly TimeSpan Settling = TimeSpan.FromSeconds(2);

    private const int BufferBytes = 256 * 1024;
    private const int MaxAttempts = 3;
    private readonly DigestCache? cache = cachePath is null ? null : DigestCache.Load(cachePath, function);

    /// <summary>Takes the digests that are known, and returns the files that have to be read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // a command that runs for a third of a second has no time to find out what is hot
    public IReadOnlyList<LocalFile> FindUnknown(LocalTree tree)
    {
        var unknown = new List<LocalFile>();
        foreach (LocalFile file in tree.Files)
        {
            file.Digest = cache?.Find(file.Status, instance);
            if (file.Digest is null)
                unknown.Add(file);
        }

        return unknown;
    }

    /// <summary>Reads files, several at a time, and gives each its digest.</summary>
    /// <param name="files">The files.</param>
    /// <param name="read">Told of bytes that were read.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="TreeException">A file is written to all the time.</exception>
    /// <exception cref="IOException">A file can't be read.</exception>
    public void Read(IReadOnlyList<LocalFile> files, IProgress<long>? read, CancellationToken cancellationToken)
    {
        try
        {
            Parallel.ForEach(files, new ParallelOptions { CancellationToken = cancellationToken }, file => file.Digest = Read(file, read, cancellationToken));
        }
        catch (AggregateException exception)
        {
            ExceptionDispatchInfo.Throw(exception.Flatten().InnerExceptions[0]);
        }
    }

    /// <summary>Makes the messages of all directories, after all files have their digests.</summary>
    public void Encode(LocalTree tree)
    {
        foreach (IReadOnlyList<LocalDirectory> level in tree.Levels.Reverse())
        {
            foreach (LocalDirectory directory in level)
            {
                directory.Message = DirectoryMessage.Encode(directory);
                directory.Digest = IncrementalHasher.Compute(instance, function, directory.Message);
            }
        }
    }

    /// <summary>All of it: the tree has its digests then.</summary>
    public void Hash(LocalTree tree, CancellationToken cancellationToken)
    {
        DateTimeOffset began = time.GetUtcNow();
        IReadOnlyList<LocalFile> unknown = FindUnknown(tree);
        Read(unknown, null, cancellationToken);
        Encode(tree);
        Remember(tree, unknown.Count, began);
    }

    /// <summary>Remembers the digests for the next run, if there is anything new to remember.</summary>
    /// <param name="tree">The tree.</param>
    /// <param name="readFiles">How many files were read.</param>
    /// <param name="began">When the tree was looked at, at the earliest.</param>
    public void Remember(LocalTree tree, int readFiles, DateTimeOffset began)
    {
        if (cachePath is not null && cache is not null && (readFiles > 0 || cache.Count > 2 * tree.Files.Count()))
            DigestCache.Save(cachePath, function, tree.Files, began - Settling);
    }

    private Digest Read(LocalFile file, IProgress<long>? read, CancellationToken cancellationToken)
    {
        string path = file.FullPath;
        for (int attempt = 0; attempt < MaxAttempts; attempt++)
        {
            using SafeFileHandle handle = File.OpenHandle(path);
            using var hasher = new IncrementalHasher(function, file.Status.Length);
            byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(file.Status.Length + 1, 1, BufferBytes));
            try
            {
                for (int count; hasher.Length <= file.Status.Length && (count = RandomAccess.Read(handle, buffer, hasher.Length)) > 0;)
                {
                    hasher.Append(buffer.AsSpan(0, count));
                    read?.Report(count);
                    cancellationToken.ThrowIfCancellationRequested();
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }

            // Only what was the same before and after has one content.
            FileStatus now = FileStatus.Of(path) ?? throw new TreeException($"'{file.Path}' vanished while it was read: try again");
            if (now == file.Status)
                return hasher.Finish(instance);
            if (now.Kind != FileKind.File)
                throw new TreeException($"'{file.Path}' became something else while it was read: try again");
            read?.Report(-hasher.Length);
            file.Status = now;
        }

        throw new TreeException($"'{file.Path}' is written to all the time: wait until that has ended, or leave it out with --exclude '/{file.Path}'");
    }
}
