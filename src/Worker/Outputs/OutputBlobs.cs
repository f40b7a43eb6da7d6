using System.Buffers;
using Google.Protobuf;
using Microsoft.Win32.SafeHandles;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Worker.Native;

namespace RemoteExec.Worker.Outputs;

/// <summary>
/// The blobs of one action's outputs: first hashed, then uploaded in one go, only those that the CAS lacks. Files are read twice rather than kept
/// in memory, unless they are small. Not thread-safe.
/// </summary>
/// <param name="cas">Where the blobs go.</param>
/// <param name="action">The action's digest: outputs have its instance and its function (DIG-10).</param>
internal sealed class OutputBlobs(IBlobStore cas, Digest action)
{
    private const int BufferBytes = 256 * 1024;
    private const int SmallBytes = 32 * 1024;
    private const int KeptBytes = 4 * 1024 * 1024;
    private const int ParallelUploads = 8;
    private const int MaxAttempts = 5;

    private readonly Dictionary<Digest, Source> sources = [];
    private int keptBytes;

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
    public void Add(Digest digest, ReadOnlyMemory<byte> content) => sources.TryAdd(digest, new Source(content, null));

    /// <summary>Adds a file that nothing changes any more, or its first bytes.</summary>
    public async Task<Digest> AddFileAsync(string path, FileStatus status, CancellationToken cancellationToken, long maxBytes = long.MaxValue)
    {
        MakeReadable(path, status);
        long length = Math.Min(status.Length, maxBytes);
        if (length <= SmallBytes && keptBytes + length <= KeptBytes)
        {
            byte[] content = await ReadSmallAsync(path, (int)length, cancellationToken);
            keptBytes += content.Length;
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
        sources.TryAdd(digest, new Source(default, path));
        return digest;
    }

    /// <summary>Uploads what the CAS lacks.</summary>
    public async Task UploadAsync(CancellationToken cancellationToken)
    {
        Digest[] nonEmpty = [.. sources.Keys.Where(digest => !digest.IsEmptyBlob)];
        if (nonEmpty.Length == 0)
            return;
        IReadOnlyCollection<Digest> missing = await cas.FindMissingAsync(nonEmpty, cancellationToken);
        await Parallel.ForEachAsync(
            missing,
            new ParallelOptions { MaxDegreeOfParallelism = ParallelUploads, CancellationToken = cancellationToken },
            UploadAsync);
    }

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
                await UploadFileAsync(source.Path, digest, cancellationToken);
                return;
            }
            catch (StoreUnavailableException exception) when (exception.MayBeginAnew && attempt < MaxAttempts)
            {
            }
        }
    }

    private async Task UploadFileAsync(string path, Digest digest, CancellationToken cancellationToken)
    {
        await using BlobWriter writer = await cas.OpenWriteAsync(digest, digest.SizeBytes, cancellationToken);
        await ReadAsync(
            path, digest.SizeBytes, piece => writer.WriteAsync(new ReadOnlySequence<byte>(piece), cancellationToken), cancellationToken);
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
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
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

    // The worker may be no more than the owner, to whom the action closed the file.
    private static void MakeReadable(string path, FileStatus status)
    {
        if (((UnixFileMode)status.Mode & UnixFileMode.UserRead) == 0 && !Environment.IsPrivilegedProcess)
            File.SetUnixFileMode(path, (UnixFileMode)status.Mode | UnixFileMode.UserRead);
    }

    private readonly record struct Source(ReadOnlyMemory<byte> Content, string? Path);
}
