namespace RemoteExec.Builds.Events;

/// <summary>Times in events, as milliseconds. What makes no sense is not told.</summary>
internal static class BazelTime
{
    private const long MillisecondsInSecond = 1000, NanosInMillisecond = 1_000_000;
    private const long Latest = 253_402_300_799_999; // the end of the year 9999

    /// <summary>A <c>google.protobuf.Timestamp</c>, since 1970.</summary>
    /// <exception cref="EventMalformedException">It is none.</exception>
    public static long? ReadTimestamp(ReadOnlySpan<byte> message) => ReadDuration(message);

    /// <summary>A <c>google.protobuf.Duration</c>.</summary>
    /// <exception cref="EventMalformedException">It is none.</exception>
    public static long? ReadDuration(ReadOnlySpan<byte> message)
    {
        long seconds = 0, nanos = 0;
        var fields = new MessageFields(message);
        while (fields.Next())
        {
            if (fields.Number == 1)
                seconds = fields.Value;
            else if (fields.Number == 2)
                nanos = fields.Value;
        }

        return seconds is < 0 or > Latest / MillisecondsInSecond || nanos is < 0 or >= 1_000_000_000 ? null : (seconds * MillisecondsInSecond) + (nanos / NanosInMillisecond);
    }

    /// <summary>The same if it is a time that can be, null otherwise.</summary>
    public static long? Sensible(long? milliseconds) => milliseconds is >= 0 and <= Latest ? milliseconds : null;
}
