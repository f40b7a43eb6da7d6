using System.Buffers;
using System.Collections.Concurrent;
using Google.Protobuf;
using Microsoft.Win32.SafeHandles;
using RemoteExec.Cas;
using RemoteExec.Native;
using RemoteExec.Protocol;

namespace RemoteExec.Worker.Outputs;

/// <summary>
/// The blobs of one action's outputs: first hashed, then uploaded in one go, only those that the CAS lacks. Files are read twice rather than kept
/// in memory, unless they are small. What adds is thread-safe.
/// </summary>
/// <param name="cas">Where the blobs go. It need not hash them again, if nothing of the action runs any more.</param>
/// <param name="action">The action's digest: outputs have its instance and its function (DIG-10).</param>
internal sealed class OutputBlobs(IBlobStore cas, Digest action)
{
    private const int BufferBytes = 256 * 1024;
    private const int SmallBytes = 32 * 1024;
    private const int KeptBytes = 32 * 1024 * 1024;
    private const int ParallelUploads = 8;
    private const int ParallelSmallUploads = 128; // a store that is far away takes many of them at once
    private const int MaxAttempts = 5;

    private static readonly int parallelHashes = Math.Min(Environment.ProcessorCount, 4); // other actions run beside
    private readonly ConcurrentDictionary<Digest, Source> sources = [];
    private long keptBytes;

    /// <summary>A builder of trees with the digests of this action.</summary>
    public MerkleTreeBuilder NewTree() => new(action.Instance, action.Function);

    /// <summary>Adds a message (DIG-11).</summary>
    public Digest Add(IMessage message)
    {
        byte[] content = message.ToByteArray();
        Digest digest = action.SiblingOf(content);
        Add(digest, content);
        return digest;
    }

    /// <summary>Adds content with its digest.</summary>
    public void Add(Digest digest, ReadOnlyMemory<byte> content) => sources.TryAdd(digest, new Source(content, null, default));

    /// <summary>Adds files that nothing changes any more, some at a time, and returns their digests by path.</summary>
    public async Task<IReadOnlyDictionary<string, Digest>> AddFilesAsync(IReadOnlyCollection<FoundNode> files, CancellationToken cancellationToken)
    {
        var digests = new ConcurrentDictionary<string, Digest>(StringComparer.Ordinal);
        await Parallel.ForEachAsync(
            files,
            new ParallelOptions { MaxDegreeOfParallelism = Math.Min(files.Count > 0 ? files.Count : 1, parallelHashes), CancellationToken = cancellationToken },
            async (file, cancellation) => digests[file.Path] = await AddFileAsync(file.Path, file.Status, cancellation));
        return digests;
    }

    /// <summary>Adds a file that nothing changes any more, or its first bytes.</summary>
    public async Task<Digest> AddFileAsync(string path, FileStatus status, CancellationToken cancellationToken, long maxBytes = long.MaxValue)
    {
        MakeReadable(path, status);
        long length = Math.Min(status.Length, maxBytes);
        if (length <= SmallBytes && Interlocked.Add(ref keptBytes, length) <= KeptBytes)
        {
            byte[] content = await ReadSmallAsync(path, (int)length, cancellationToken);
            Digest small = action.SiblingOf(content);
            Add(small, content);
            return small;
        }

        using var hasher = new IncrementalHasher(action.Function, length);
        await ReadAsync(
            path, length,
            piece =>
            {
                hasher.Append(piece.Span);
                return ValueTask.CompletedTask;
            },
            cancellationToken);
        Digest digest = hasher.Finish(action.Instance);
        sources.TryAdd(digest, new Source(default, path, status));
        return digest;
    }

    /// <summary>Uploads what the CAS lacks.</summary>
    public async Task UploadAsync(CancellationToken cancellationToken)
    {
        Digest[] nonEmpty = [.. sources.Keys.Where(digest => !digest.IsEmptyBlob)];
        if (nonEmpty.Length == 0)
            return;
        IReadOnlyCollection<Digest> missing = await cas.FindMissingAsync(nonEmpty, cancellationToken);
        await Task.WhenAll(
            UploadAsync(missing.Where(digest => digest.SizeBytes <= SmallBytes), ParallelSmallUploads, cancellationToken),
            UploadAsync(missing.Where(digest => digest.SizeBytes > SmallBytes), ParallelUploads, cancellationToken));
    }

    private Task UploadAsync(IEnumerable<Digest> digests, int atOnce, CancellationToken cancellationToken) =>
        Parallel.ForEachAsync(digests, new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = cancellationToken }, UploadAsync);

    private async ValueTask UploadAsync(Digest digest, CancellationToken cancellationToken)
    {
        Source source = sources[digest];
        if (source.Path is null)
        {
            await cas.WriteAllAsync(digest, source.Content, cancellationToken);
            return;
        }

        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await UploadFileAsync(source.Path, source.Status, digest, cancellationToken);
                return;
            }
            catch (StoreUnavailableException exception) when (exception.MayBeginAnew && attempt < MaxAttempts)
            {
            }
        }
    }

    private async Task UploadFileAsync(string path, FileStatus status, Digest digest, CancellationToken cancellationToken)
    {
        await using BlobWriter writer = await cas.OpenWriteAsync(digest, digest.SizeBytes, cancellationToken);
        await ReadAsync(
            path, digest.SizeBytes, piece => writer.WriteAsync(new ReadOnlySequence<byte>(piece), cancellationToken), cancellationToken);

        // Perhaps nobody hashes it again.
        if (FileStatus.Of(path) is not { } now || !now.HasContentOf(status))
            throw new IOException($"'{path}' was changed after it was hashed: something of the action still runs");
        await writer.CommitAsync(cancellationToken);
    }

    private static async Task<byte[]> ReadSmallAsync(string path, int length, CancellationToken cancellationToken)
    {
        var content = new byte[length];
        int filled = 0;
        await ReadAsync(
            path, length,
            piece =>
            {
                piece.CopyTo(content.AsMemory(filled));
                filled += piece.Length;
                return ValueTask.CompletedTask;
            },
            cancellationToken);
        return content;
    }

    private static async Task ReadAsync(string path, long length, Func<ReadOnlyMemory<byte>, ValueTask> take, CancellationToken cancellationToken)
    {
        if (length == 0)
            return;
        using SafeFileHandle file = Open(path);
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(length, BufferBytes));
        try
        {
            for (long position = 0; position < length;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                int read = RandomAccess.Read(file, buffer.AsSpan(0, (int)Math.Min(buffer.Length, length - position)), position);
                if (read == 0)
                    throw new IOException($"'{path}' became shorter while it was read: something of the action still runs");
                await take(buffer.AsMemory(0, read));
                position += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // Never waits, as for a pipe that a process which still runs has put there.
    private static SafeFileHandle Open(string path)
    {
        int descriptor = Libc.Open(path, Libc.O_RDONLY | Libc.O_NONBLOCK | Libc.O_CLOEXEC, 0);
        NativeException.ThrowIfNegative(descriptor, $"opening '{path}'");
        return new SafeFileHandle(descriptor, ownsHandle: true);
    }

    // The worker may be no more than the owner, to whom the action closed the file.
    private static void MakeReadable(string path, FileStatus status)
    {
        if (((UnixFileMode)status.Mode & UnixFileMode.UserRead) == 0 && !Environment.IsPrivilegedProcess)
            File.SetUnixFileMode(path, (UnixFileMode)status.Mode | UnixFileMode.UserRead);
    }

    private readonly record struct Source(ReadOnlyMemory<byte> Content, string? Path, FileStatus Status);
}
