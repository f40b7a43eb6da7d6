namespace RemoteExec.Benchmarks.Uploads;

/// <summary>Compares what is read with what was written, as it comes.</summary>
internal sealed class Comparison
{
    private readonly IEnumerator<ReadOnlyMemory<byte>> pieces;
    private ReadOnlyMemory<byte> rest;

    /// <summary>Begins at an offset.</summary>
    public Comparison(LongContent content, long offset)
    {
        pieces = content.Pieces().GetEnumerator();
        for (long skip = offset; pieces.MoveNext(); skip -= pieces.Current.Length)
        {
            if (skip >= pieces.Current.Length)
                continue;
            rest = pieces.Current[(int)skip..];
            return;
        }
    }

    /// <summary>Compares the next bytes.</summary>
    public void Add(ReadOnlySpan<byte> read)
    {
        while (!read.IsEmpty)
        {
            if (rest.IsEmpty)
                rest = pieces.MoveNext() ? pieces.Current : throw new InvalidOperationException("more was read than was written");
            int count = Math.Min(read.Length, rest.Length);
            if (!read[..count].SequenceEqual(rest.Span[..count]))
                throw new InvalidOperationException("something else was read than was written");
            read = read[count..];
            rest = rest[count..];
        }
    }

    /// <summary>All has been read.</summary>
    public void End()
    {
        if (!rest.IsEmpty || pieces.MoveNext())
            throw new InvalidOperationException("less was read than was written");
    }
}
