using System.Buffers;
using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.Images.Export;

/// <summary>Copies the content of a file out of the CAS, and checks on the way that it is what its digest says.</summary>
internal static class ImageBlob
{
    /// <summary>Copies it.</summary>
    /// <exception cref="ImageException">The CAS lacks it, or has something else.</exception>
    public static async Task CopyAsync(IBlobStore cas, string path, Digest digest, Stream destination, CancellationToken cancellationToken)
    {
        await using BlobReader reader = await cas.OpenReadAsync(digest, 0, cancellationToken)
            ?? throw new ImageException($"the server lacks '{path}' ({digest}): build the image again");
        using var hasher = new IncrementalHasher(digest.Function, digest.SizeBytes);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(256 * 1024);
        try
        {
            for (int read; (read = await reader.ReadAsync(buffer, cancellationToken)) > 0;)
            {
                hasher.Append(buffer.AsSpan(0, read));
                await destination.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        if (hasher.Finish(digest.Instance) != digest)
            throw new ImageException($"the server sent something else than '{path}' ({digest})");
    }
}
