using System.Buffers;
using Microsoft.Win32.SafeHandles;
using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.Images.Archives;

/// <summary>
/// Blobs on their way to the CAS: hashed as they come, small ones kept in memory, others in a temporary directory that goes with the spool. Not thread-safe while blobs are added.
/// </summary>
/// <param name="instance">The instance of the digests.</param>
/// <param name="function">The function of the digests.</param>
/// <param name="maxBytes">How much all that is added may have together.</param>
/// <param name="parent">Where the temporary directory is made; null for where the system has them.</param>
internal sealed class BlobSpool(InstanceName instance, DigestFunction function, long maxBytes = BlobSpool.MaxBytes, string? parent = null) : IDisposable
{
    private const int BufferBytes = 256 * 1024;
    private const int SmallBytes = 64 * 1024;
    private const int KeptBytes = 64 * 1024 * 1024;
    private const long MaxBytes = 64L << 30;
    private const int ParallelUploads = 32;
    private const int MaxAttempts = 5;

    private readonly Dictionary<Digest, (byte[]? Content, string? Path)> blobs = [];
    private DirectoryInfo? directory;
    private int keptBytes;
    private long totalBytes;

    /// <summary>All that was added.</summary>
    public IReadOnlyCollection<Digest> Digests => blobs.Keys;

    /// <summary>Adds the content of a stream.</summary>
    /// <exception cref="InvalidDataException">It has another length.</exception>
    /// <exception cref="ImageException">All together is more than any image may be.</exception>
    public async Task<Digest> AddAsync(Stream content, long length, CancellationToken cancellationToken)
    {
        totalBytes += length;
        if (totalBytes > maxBytes)
            throw new ImageException($"there are more than {maxBytes} bytes in it");
        if (length > SmallBytes || keptBytes + length > KeptBytes)
            return await AddFileAsync(content, length, cancellationToken);

        byte[] small = new byte[length + 1];
        int read = await content.ReadAtLeastAsync(small, small.Length, throwOnEndOfStream: false, cancellationToken);
        CheckLength(read, length);
        return Add(small[..read]);
    }

    /// <summary>Adds content that is at hand.</summary>
    public Digest Add(byte[] content)
    {
        Digest digest = IncrementalHasher.Compute(instance, function, content);
        if (blobs.TryAdd(digest, (content, null)))
            keptBytes += content.Length;
        return digest;
    }

    /// <summary>Uploads those of the wanted blobs that the CAS lacks, and tells how many and how many bytes these were.</summary>
    public async Task<(int Blobs, long Bytes)> UploadAsync(IBlobStore cas, IReadOnlyCollection<Digest> wanted, CancellationToken cancellationToken)
    {
        IReadOnlyCollection<Digest> missing = wanted.Count == 0 ? [] : await cas.FindMissingAsync(wanted, cancellationToken);
        await Parallel.ForEachAsync(
            missing, new ParallelOptions { MaxDegreeOfParallelism = ParallelUploads, CancellationToken = cancellationToken }, (digest, token) => UploadAsync(cas, digest, token));
        return (missing.Count, missing.Sum(digest => digest.SizeBytes));
    }

    /// <summary>Deletes what it keeps.</summary>
    public void Dispose() => directory?.Delete(recursive: true);

    private static void CheckLength(long found, long length)
    {
        if (found != length)
            throw new InvalidDataException($"a file has {(found < length ? "fewer" : "more")} than the {length} bytes that the archive says");
    }

    private async Task<Digest> AddFileAsync(Stream content, long length, CancellationToken cancellationToken)
    {
        directory ??= parent is null ? Directory.CreateTempSubdirectory("remoteexec-image-") : Directory.CreateDirectory(Path.Combine(parent, Path.GetRandomFileName()));
        string path = Path.Combine(directory.FullName, $"{blobs.Count}");
        using var hasher = new IncrementalHasher(function, length);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            using SafeFileHandle file = File.OpenHandle(path, FileMode.Create, FileAccess.Write);
            for (int read; (read = await content.ReadAsync(buffer, cancellationToken)) > 0;)
            {
                if (hasher.Length + read > length)
                    CheckLength(hasher.Length + read, length);
                RandomAccess.Write(file, buffer.AsSpan(0, read), hasher.Length);
                hasher.Append(buffer.AsSpan(0, read));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        CheckLength(hasher.Length, length);
        Digest digest = hasher.Finish(instance);
        blobs.TryAdd(digest, (null, path)); // one that is there already leaves its file to the next
        return digest;
    }

    private async ValueTask UploadAsync(IBlobStore cas, Digest digest, CancellationToken cancellationToken)
    {
        (byte[]? content, string? path) = blobs[digest];
        if (content is not null)
        {
            await cas.WriteAllAsync(digest, content, cancellationToken);
            return;
        }

        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await UploadFileAsync(cas, digest, path!, cancellationToken);
                return;
            }
            catch (StoreUnavailableException exception) when (exception.MayBeginAnew && attempt < MaxAttempts)
            {
                // The store has waited for the server to come back.
            }
        }
    }

    private static async Task UploadFileAsync(IBlobStore cas, Digest digest, string path, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            using SafeFileHandle file = File.OpenHandle(path);
            await using BlobWriter writer = await cas.OpenWriteAsync(digest, digest.SizeBytes, cancellationToken);
            long position = 0;
            for (int read; (read = RandomAccess.Read(file, buffer, position)) > 0; position += read)
                await writer.WriteAsync(new ReadOnlySequence<byte>(buffer, 0, read), cancellationToken);
            await writer.CommitAsync(cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
