namespace RemoteExec.TestKit;

/// <summary>Two contents as two builds of one program give them: most of the second is the first, but pieces are inserted, removed and changed throughout.</summary>
public static class DifferingBuilds
{
    /// <summary>Makes them.</summary>
    /// <param name="length">The length of the first.</param>
    /// <param name="pieces">In how many places they differ, spread over the whole; together a hundredth of it.</param>
    public static (byte[] First, byte[] Second) Make(int length, int pieces)
    {
        byte[] first = TestBlob.Random(1, length).Content;
        var random = new Random(2);
        int distance = length / pieces, piece = length / 100 / pieces;
        var second = new List<byte>(length);
        for (int i = 0; i < pieces; i++)
        {
            ReadOnlySpan<byte> part = first.AsSpan(i * distance, i == pieces - 1 ? length - (i * distance) : distance);
            int at = random.Next(distance - piece);
            second.AddRange(part[..at]);
            if (i % 3 != 1)
                second.AddRange(TestBlob.Random(100 + i, piece).Content);
            second.AddRange(part[(i % 3 == 0 ? at : at + piece)..]);
        }

        return (first, [.. second]);
    }
}
