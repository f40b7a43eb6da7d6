using Google.Protobuf.WellKnownTypes;

namespace RemoteExec.Protocol;

/// <summary>Times as they come from others: the conversions of the package throw at those whose parts are out of their bounds, which the wire allows.</summary>
public static class WireTime
{
    private const long LongestSeconds = 315_576_000_000; // ten thousand years, as the definition says
    private const long FirstSeconds = -62_135_596_800; // 0001-01-01
    private const long LastSeconds = 253_402_300_799; // 9999-12-31
    private const int LastNanos = 999_999_999;

    /// <summary>The duration; null if it is absent, or none that is defined or that fits into a <see cref="TimeSpan"/>.</summary>
    public static TimeSpan? Read(Duration? duration) =>
        duration is { Seconds: >= -LongestSeconds and <= LongestSeconds, Nanos: >= -LastNanos and <= LastNanos } && (duration.Seconds == 0 || duration.Nanos == 0 || duration.Seconds < 0 == duration.Nanos < 0)
            ? duration.ToTimeSpan()
            : null;

    /// <summary>The moment; null if it is absent, or none that is defined.</summary>
    public static DateTimeOffset? Read(Timestamp? timestamp) =>
        timestamp is { Seconds: >= FirstSeconds and <= LastSeconds, Nanos: >= 0 and <= LastNanos } ? timestamp.ToDateTimeOffset() : null;
}
