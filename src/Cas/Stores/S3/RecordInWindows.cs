using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Stores.S3;

/// <summary>Verifies a record that lies in windows of its pack.</summary>
internal static class RecordInWindows
{
    /// <summary>True if the record of a digest stands there, and its value is not damaged.</summary>
    /// <param name="windows">The windows, one after the other; each but the last of a pack is of full length.</param>
    /// <param name="start">Where the record begins in them.</param>
    /// <param name="digest">The key.</param>
    /// <param name="length">The length of the value.</param>
    public static bool IsIntact(byte[][] windows, int start, Digest digest, long length)
    {
        int headerLength = PackRecord.HeaderLengthFor(digest);
        Span<byte> header = stackalloc byte[headerLength];
        if (!TryCopy(windows, start, header) || !PackRecord.TryRead(header, out PackRecord record) || !digest.Matches(record.Digest) || record.ValueLength != length)
            return false;
        var checksum = new Crc32C();
        for (long position = start + headerLength, left = length; left > 0;)
        {
            ReadOnlySpan<byte> piece = At(windows, position);
            if (piece.IsEmpty)
                return false;
            piece = piece[..(int)Math.Min(piece.Length, left)];
            checksum.Append(piece);
            position += piece.Length;
            left -= piece.Length;
        }

        return checksum.Value == record.Checksum;
    }

    private static bool TryCopy(byte[][] windows, long position, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            ReadOnlySpan<byte> piece = At(windows, position);
            if (piece.IsEmpty)
                return false;
            piece = piece[..Math.Min(piece.Length, destination.Length)];
            piece.CopyTo(destination);
            destination = destination[piece.Length..];
            position += piece.Length;
        }

        return true;
    }

    private static ReadOnlySpan<byte> At(byte[][] windows, long position)
    {
        (long window, long at) = Math.DivRem(position, WindowCache.WindowBytes);
        return window < windows.Length && at < windows[window].Length ? windows[window].AsSpan((int)at) : default;
    }
}
