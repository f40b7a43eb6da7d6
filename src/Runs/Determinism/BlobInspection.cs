using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.Runs.Determinism;

/// <summary>Finds where two blobs differ. Those of a size that fits into memory are looked into as archives and for causes.</summary>
/// <param name="cas">The server's blobs.</param>
/// <param name="first">The run that the first blob is of.</param>
/// <param name="other">The run that the other one is of.</param>
internal sealed class BlobInspection(IBlobStore cas, RunTraces first, RunTraces other)
{
    private const int MaxBytes = 64 * 1024 * 1024;
    private const int BlockBytes = 64 * 1024;

    /// <summary>Finds it.</summary>
    public async Task<ContentDifference> InspectAsync(Digest left, Digest right, CancellationToken cancellationToken)
    {
        if (Math.Max(left.SizeBytes, right.SizeBytes) <= MaxBytes)
            return new ContentInspection(first, other).Inspect(await ReadAsync(left, cancellationToken), await ReadAsync(right, cancellationToken));
        long offset = await FindAsync(left, right, cancellationToken);
        long start = offset - (offset % HexRow.Bytes);
        byte[] before = await ReadAsync(left, start, cancellationToken), after = await ReadAsync(right, start, cancellationToken);
        return new ContentDifference
        {
            Offset = offset,
            FirstBytes = left.SizeBytes,
            OtherBytes = right.SizeBytes,
            First = HexRow.Of(before, 0, start),
            Other = HexRow.Of(after, 0, start),
        };
    }

    private async Task<byte[]> ReadAsync(Digest digest, CancellationToken cancellationToken) => await cas.ReadAllAsync(digest, MaxBytes, cancellationToken) ?? throw Missing(digest);

    private async Task<byte[]> ReadAsync(Digest digest, long offset, CancellationToken cancellationToken)
    {
        await using BlobReader reader = await cas.OpenReadAsync(digest, Math.Min(offset, digest.SizeBytes), cancellationToken) ?? throw Missing(digest);
        byte[] row = new byte[HexRow.Bytes];
        return row[..await FillAsync(reader, row, cancellationToken)];
    }

    private async Task<long> FindAsync(Digest left, Digest right, CancellationToken cancellationToken)
    {
        await using BlobReader one = await cas.OpenReadAsync(left, 0, cancellationToken) ?? throw Missing(left);
        await using BlobReader two = await cas.OpenReadAsync(right, 0, cancellationToken) ?? throw Missing(right);
        byte[] before = new byte[BlockBytes], after = new byte[BlockBytes];
        for (long offset = 0; ; offset += BlockBytes)
        {
            int read = await FillAsync(one, before, cancellationToken), other = await FillAsync(two, after, cancellationToken);
            int same = before.AsSpan(0, read).CommonPrefixLength(after.AsSpan(0, other));
            if (same < read || same < other || read == 0)
                return offset + same;
        }
    }

    private static async Task<int> FillAsync(BlobReader reader, byte[] buffer, CancellationToken cancellationToken)
    {
        int filled = 0;
        for (int count; filled < buffer.Length && (count = await reader.ReadAsync(buffer.AsMemory(filled), cancellationToken)) > 0;)
            filled += count;
        return filled;
    }

    private static RunException Missing(Digest digest) => new($"the server has no more what a run has made: {digest.ToArgument()}");
}
