using System.Buffers;
using Microsoft.Win32.SafeHandles;
using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.Trees.Push;

/// <summary>Uploads a part of a file.</summary>
internal static class FileUpload
{
    private const int PieceBytes = 1024 * 1024;
    private const int MaxAttempts = 3;

    /// <summary>Uploads as many bytes from a place on as the digest has. A server that breaks off is tried again.</summary>
    /// <exception cref="BlobMismatchException">The digest is that of something else.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    public static async Task SendAsync(IBlobStore cas, SafeFileHandle file, long offset, Digest digest, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(digest.SizeBytes, PieceBytes));
        try
        {
            for (int attempt = 1; ; attempt++)
            {
                try
                {
                    await SendAsync(cas, file, offset, digest, buffer, cancellationToken);
                    return;
                }
                catch (StoreUnavailableException exception) when (exception.MayBeginAnew && attempt < MaxAttempts)
                {
                    // The part is still at hand.
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static async Task SendAsync(IBlobStore cas, SafeFileHandle file, long offset, Digest digest, byte[] buffer, CancellationToken cancellationToken)
    {
        await using BlobWriter writer = await cas.OpenWriteAsync(digest, digest.SizeBytes, cancellationToken);
        for (long left = digest.SizeBytes; left > 0;)
        {
            int wanted = (int)Math.Min(left, buffer.Length), filled = 0;
            for (int count; filled < wanted; filled += count)
            {
                count = RandomAccess.Read(file, buffer.AsSpan(filled, wanted - filled), offset + digest.SizeBytes - left + filled);
                if (count == 0)
                    throw new BlobMismatchException(digest, "there are fewer bytes");
            }

            await writer.WriteAsync(new ReadOnlySequence<byte>(buffer, 0, filled), cancellationToken);
            left -= filled;
        }

        await writer.CommitAsync(cancellationToken);
    }
}
