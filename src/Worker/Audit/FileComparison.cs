using System.Buffers;
using Google.Protobuf;
using Microsoft.Win32.SafeHandles;
using Difference = RemoteExec.Protocol.Audits.SecondRun.Types.Difference;

namespace RemoteExec.Worker.Audit;

/// <summary>Compares the content of two files that nobody changes, byte for byte.</summary>
internal static class FileComparison
{
    private const int BufferBytes = 64 * 1024;
    private const int MaxOffsets = 16;
    private const int ContextBefore = 8, ContextBytes = 32;

    /// <summary>Where two files differ; null if they don't.</summary>
    /// <param name="path">What they are called in the report.</param>
    /// <param name="first">The one file.</param>
    /// <param name="second">The other.</param>
    /// <param name="maxBytes">How much of them counts.</param>
    public static Difference? Compare(string path, string first, string second, long maxBytes = long.MaxValue)
    {
        using SafeFileHandle one = File.OpenHandle(first), other = File.OpenHandle(second);
        var difference = new Difference { Path = path, FirstSize = Math.Min(RandomAccess.GetLength(one), maxBytes), SecondSize = Math.Min(RandomAccess.GetLength(other), maxBytes) };
        long common = Math.Min(difference.FirstSize, difference.SecondSize);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(2 * BufferBytes);
        try
        {
            bool inStretch = false;
            for (long position = 0; position < common; position += BufferBytes)
            {
                int count = (int)Math.Min(BufferBytes, common - position);
                Span<byte> left = buffer.AsSpan(0, count), right = buffer.AsSpan(BufferBytes, count);
                Fill(one, left, position);
                Fill(other, right, position);
                if (left.SequenceEqual(right))
                    inStretch = false;
                else
                    Note(difference, left, right, position, ref inStretch);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        if (difference.DifferingBytes == 0 && difference.FirstSize == difference.SecondSize)
            return null;
        difference.What = "content";
        long where = difference.Offsets.Count > 0 ? difference.Offsets[0] : common;
        difference.FirstBytes = Around(one, where, difference.FirstSize);
        difference.SecondBytes = Around(other, where, difference.SecondSize);
        return difference;
    }

    private static void Note(Difference difference, ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, long position, ref bool inStretch)
    {
        for (int index = 0; index < left.Length; index++)
        {
            bool differs = left[index] != right[index];
            if (differs && !inStretch && difference.Offsets.Count < MaxOffsets)
                difference.Offsets.Add(position + index);
            if (differs)
                difference.DifferingBytes++;
            inStretch = differs;
        }
    }

    private static ByteString Around(SafeFileHandle file, long where, long size)
    {
        long from = Math.Max(0, where - ContextBefore);
        var bytes = new byte[Math.Max(0, Math.Min(ContextBytes, size - from))];
        Fill(file, bytes, from);
        return ByteString.CopyFrom(bytes);
    }

    private static void Fill(SafeFileHandle file, Span<byte> bytes, long position)
    {
        while (bytes.Length > 0)
        {
            int count = RandomAccess.Read(file, bytes, position);
            if (count == 0)
                throw new IOException("an output became shorter while it was read: something of the action still runs");
            bytes = bytes[count..];
            position += count;
        }
    }
}
