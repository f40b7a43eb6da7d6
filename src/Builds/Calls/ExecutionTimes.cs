using RemoteExec.Protocol.Wire;

namespace RemoteExec.Builds.Calls;

/// <summary>
/// How long each part of running an action took, as an encoded <c>ExecutedActionMetadata</c> tells; null where it does not, or makes no sense. One that is damaged is read as far as it is good.
/// </summary>
internal readonly ref struct ExecutionTimes
{
    private const ulong LengthDelimited = 2; // the wire type of messages, strings and bytes
    private const int Moments = 11; // one more than the largest field number of a timestamp
    private const int RunStart = 7;
    private const int RunEnd = 8;
    private const long LongestMilliseconds = 366L * 24 * 3600 * 1000;

    /// <summary>Reads a message.</summary>
    /// <param name="message">The message.</param>
    /// <param name="all">False if nobody will ask for more than who ran the command, and how long it took: that of a hit was another run.</param>
    public ExecutionTimes(ReadOnlySpan<byte> message, bool all)
    {
        Span<long> moments = stackalloc long[Moments]; // milliseconds; 0 for those that are not told
        moments.Clear();
        var fields = new FieldReader(message);
        while (!fields.AtEnd)
        {
            if (!fields.TryReadVarint(out ulong tag) || (tag & 7) != LengthDelimited || !fields.TryReadBytes(out ReadOnlySpan<byte> value))
                break;
            ulong field = tag >> 3;
            if (field == 1)
                Worker = value;
            else if (field is RunStart or RunEnd || (all && field < Moments))
                moments[(int)field] = ReadTimestamp(value);
        }

        Queue = Between(moments[2], moments[3]);
        Fetch = Between(moments[5], moments[6]);
        Run = Between(moments[RunStart], moments[RunEnd]);
        Upload = Between(moments[9], moments[10]);
    }

    /// <summary>Who ran it, in UTF-8.</summary>
    public ReadOnlySpan<byte> Worker { get; }

    /// <summary>From the queue to the worker, in milliseconds.</summary>
    public long? Queue { get; }

    /// <summary>Fetching inputs, in milliseconds.</summary>
    public long? Fetch { get; }

    /// <summary>Running the command, in milliseconds.</summary>
    public long? Run { get; }

    /// <summary>Uploading outputs, in milliseconds.</summary>
    public long? Upload { get; }

    private static long? Between(long start, long end) => start > 0 && end >= start && end - start <= LongestMilliseconds ? end - start : null;

    private static long ReadTimestamp(ReadOnlySpan<byte> message)
    {
        ulong seconds = 0, nanos = 0;
        var fields = new FieldReader(message);
        while (!fields.AtEnd)
        {
            if (!fields.TryReadVarint(out ulong tag) || !fields.TryReadVarint(out ulong value))
                return 0;
            if (tag == 1 << 3)
                seconds = value;
            else if (tag == 2 << 3)
                nanos = value;
        }

        return seconds < uint.MaxValue && nanos < 1_000_000_000 ? ((long)seconds * 1000) + ((long)nanos / 1_000_000) : 0;
    }
}
