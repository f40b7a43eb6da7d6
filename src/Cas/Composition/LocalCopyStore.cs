using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Composition;

/// <summary>
/// Keeps what is read of a store in files of a directory, for later reads: those of this process and of others that use the directory at the same time. What is kept is verified each time before it is
/// handed out; a file that is damaged is replaced, or is missing if the store has lost its blob. What the store within has lost can still be read if there is a copy.
/// </summary>
/// <remarks>A blob is fetched as a whole before its first byte is handed out, so this is nothing for a server.</remarks>
public sealed class LocalCopyStore(IBlobStore inner, string directory, TimeProvider time) : IBlobStore
{
    private const int BufferBytes = 128 * 1024;
    private const string Unfinished = ".part";
    private static readonly TimeSpan outdated = TimeSpan.FromDays(1); // what nobody will finish any more
    private long fetchedBytes;

    /// <summary>How many bytes of blobs were not there yet.</summary>
    public long FetchedBytes => Interlocked.Read(ref fetchedBytes);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken)
    {
        Digest[] others = [.. digests.Where(digest => !HasFile(digest))];
        return others.Length == 0 ? [] : await inner.FindMissingAsync(others, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken)
    {
        if (!digest.HasSize)
            return await inner.OpenReadAsync(digest, offset, cancellationToken);
        SafeFileHandle? file = await OpenGoodAsync(digest, cancellationToken) ?? await FetchAsync(digest, cancellationToken);
        if (file is null)
            return null;
        if ((ulong)offset <= (ulong)digest.SizeBytes)
            return new Reader(file, digest.SizeBytes, offset);
        file.Dispose();
        throw new ArgumentOutOfRangeException(nameof(offset), offset, $"the blob has {digest.SizeBytes} bytes");
    }

    /// <inheritdoc/>
    public ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken) => inner.OpenWriteAsync(digest, length, cancellationToken);

    /// <summary>Deletes the files that were not used for longest, until the rest has no more bytes than that; also what others have begun to fetch and never finished.</summary>
    /// <param name="directory">The directory; need not be there.</param>
    /// <param name="maxBytes">The bound.</param>
    /// <param name="time">The clock.</param>
    public static void Trim(string directory, long maxBytes, TimeProvider time)
    {
        if (!Directory.Exists(directory))
            return;
        long left = maxBytes;
        foreach (FileInfo file in new DirectoryInfo(directory).EnumerateFiles("*", SearchOption.AllDirectories).OrderByDescending(file => file.LastWriteTimeUtc).ToArray())
        {
            bool isUnfinished = file.Name.EndsWith(Unfinished, StringComparison.Ordinal);
            if (!isUnfinished)
                left -= file.Length;
            if (isUnfinished ? time.GetUtcNow() - file.LastWriteTimeUtc > outdated : left < 0)
                file.Delete();
        }
    }

    private bool HasFile(Digest digest) => digest.HasSize && new FileInfo(PathOf(digest)) is { Exists: true } file && file.Length == digest.SizeBytes;

    private async Task<SafeFileHandle?> OpenGoodAsync(Digest digest, CancellationToken cancellationToken)
    {
        string path = PathOf(digest);
        if (!HasFile(digest))
            return null;
        SafeFileHandle? file = null;
        try
        {
            file = File.OpenHandle(path, options: FileOptions.Asynchronous);
            if (await IsGoodAsync(file, digest, cancellationToken))
            {
                Touch(path);
                return file;
            }

            File.Delete(path);
        }
        catch (IOException) when (file is null || !File.Exists(path))
        {
            // Somebody else has deleted it, and what is not here is fetched.
        }
        catch
        {
            file?.Dispose();
            throw;
        }

        file?.Dispose();
        return null;
    }

    private async Task<SafeFileHandle?> FetchAsync(Digest digest, CancellationToken cancellationToken)
    {
        await using BlobReader? reader = await inner.OpenReadAsync(digest, 0, cancellationToken);
        if (reader is null)
            return null;
        string path = PathOf(digest), unfinished = $"{path}.{Guid.NewGuid():N}{Unfinished}";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            SafeFileHandle file = File.OpenHandle(unfinished, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete, FileOptions.Asynchronous);
            try
            {
                await CopyAsync(reader, file, digest, cancellationToken);
                Touch(unfinished);
                File.Move(unfinished, path, overwrite: true);
                Interlocked.Add(ref fetchedBytes, digest.SizeBytes);
                return file;
            }
            catch
            {
                file.Dispose();
                File.Delete(unfinished);
                throw;
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StoreUnavailableException(directory, exception);
        }
    }

    // When it was used last, for Trim.
    private void Touch(string path) => File.SetLastWriteTimeUtc(path, time.GetUtcNow().UtcDateTime);

    private static async Task CopyAsync(BlobReader reader, SafeFileHandle file, Digest digest, CancellationToken cancellationToken)
    {
        using var hasher = new IncrementalHasher(digest.Function, digest.SizeBytes);
        byte[] buffer = new byte[Math.Clamp(digest.SizeBytes, 1, BufferBytes)];
        long position = 0;
        for (int count; (count = await reader.ReadAsync(buffer, cancellationToken)) > 0; position += count)
        {
            hasher.Append(buffer.AsSpan(0, count));
            await RandomAccess.WriteAsync(file, buffer.AsMemory(0, count), position, cancellationToken);
        }

        if (hasher.Finish(digest.Instance) != digest)
            throw new BlobCorruptException(digest);
    }

    private static async Task<bool> IsGoodAsync(SafeFileHandle file, Digest digest, CancellationToken cancellationToken)
    {
        using var hasher = new IncrementalHasher(digest.Function, digest.SizeBytes);
        byte[] buffer = new byte[Math.Clamp(digest.SizeBytes, 1, BufferBytes)];
        long position = 0;
        for (int count; (count = await RandomAccess.ReadAsync(file, buffer, position, cancellationToken)) > 0; position += count)
            hasher.Append(buffer.AsSpan(0, count));
        return hasher.Finish(digest.Instance) == digest;
    }

    // Instances never meet, and their names may be too long for one of a directory.
    private string PathOf(Digest digest)
    {
        string hash = digest.Hash, instance = digest.Instance.IsEmpty ? "-" : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(digest.Instance.ToString())).AsSpan(0, 8));
        return Path.Combine(directory, instance, digest.Function.Name(), hash[..2], hash);
    }

    private sealed class Reader(SafeFileHandle file, long length, long position) : BlobReader
    {
        private long position = position;

        public override long Length => length;

        public override async ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
        {
            int read = await RandomAccess.ReadAsync(file, destination, position, cancellationToken);
            position += read;
            return read;
        }

        public override ValueTask DisposeAsync()
        {
            file.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
