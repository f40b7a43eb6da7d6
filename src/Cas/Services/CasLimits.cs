using RemoteExec.Protocol;
using RemoteExec.Rpc;

namespace RemoteExec.Cas.Services;

/// <summary>What a client may ask of the CAS in one call. The first two are advertised (CAP-03).</summary>
public sealed record CasLimits
{
    /// <summary>
    /// The sum of the blobs' bytes in one BatchUpdateBlobs or BatchReadBlobs (CAS-09, CAS-15). Clients fill batches up to it and decode no message
    /// above 4 MiB, so it leaves a quarter of that for the digests and statuses round many small blobs.
    /// </summary>
    public long MaxBatchTotalBytes { get; init; } = 3 * 1024 * 1024;

    /// <summary>The longest blob that can be uploaded (CAS-12); 0 for no limit but the store's.</summary>
    public long MaxBlobBytes { get; init; }

    /// <summary>The longest response message that is filled with several items: clients refuse more than 4 MiB (CAS-25, Q-15).</summary>
    public int MaxResponseBytes { get; init; } = (4 * 1024 * 1024) - (64 * 1024);

    /// <summary>The longest Directory that is read as part of a tree.</summary>
    public int MaxDirectoryBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>Refuses the upload of a blob that is too long.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT.</exception>
    internal void CheckBlob(in Digest digest)
    {
        if (MaxBlobBytes > 0 && digest.SizeBytes > MaxBlobBytes)
            throw RequestArguments.Invalid($"{digest} is longer than the {MaxBlobBytes} bytes that this server takes");
    }

    /// <summary>Refuses a batch whose blobs are too long in all, and returns the sum of their lengths in bytes.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT.</exception>
    internal long CheckBatch(IEnumerable<long> sizes)
    {
        long left = MaxBatchTotalBytes;
        foreach (long size in sizes)
        {
            if (size > left)
            {
                throw RequestArguments.Invalid(
                    $"the blobs of the batch have more than the {MaxBatchTotalBytes} bytes allowed in all: use smaller batches, or ByteStream");
            }

            left -= size;
        }

        return MaxBatchTotalBytes - left;
    }
}
