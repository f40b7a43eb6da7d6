using System.Globalization;

namespace RemoteExec.Rpc.Framing;

/// <summary>The <c>grpc-timeout</c> header: at most eight digits and a unit (H, M, S, m, u, n).</summary>
public static class RpcTimeout
{
    private const int MaxDigits = 8;
    private const long MaxValue = 99_999_999;

    private static readonly (long Ticks, char Unit)[] Units =
    [
        (TimeSpan.TicksPerMicrosecond, 'u'), (TimeSpan.TicksPerMillisecond, 'm'), (TimeSpan.TicksPerSecond, 'S'),
        (TimeSpan.TicksPerMinute, 'M'), (TimeSpan.TicksPerHour, 'H'),
    ];

    /// <summary>Parses a header value.</summary>
    public static bool TryParse(string? text, out TimeSpan timeout)
    {
        timeout = default;
        if (text is null || text.Length < 2 || text.Length > MaxDigits + 1
            || !long.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out long value))
            return false;

        if (text[^1] == 'n')
        {
            timeout = TimeSpan.FromTicks(value / TimeSpan.NanosecondsPerTick);
            return true;
        }

        foreach ((long ticks, char unit) in Units)
        {
            if (unit != text[^1])
                continue;
            timeout = TimeSpan.FromTicks(value * ticks);
            return true;
        }

        return false;
    }

    /// <summary>
    /// Formats a timeout with the finest unit that fits eight digits, rounded up, so that the server never gives up first; less than nothing becomes <c>0n</c>,
    /// more than eight digits of hours become those.
    /// </summary>
    public static string Format(TimeSpan timeout)
    {
        if (timeout <= TimeSpan.Zero)
            return "0n";
        foreach ((long ticks, char unit) in Units)
        {
            (long value, long rest) = Math.DivRem(timeout.Ticks, ticks);
            value += rest > 0 ? 1 : 0;
            if (value <= MaxValue)
                return string.Create(CultureInfo.InvariantCulture, $"{value}{unit}");
        }

        return string.Create(CultureInfo.InvariantCulture, $"{MaxValue}H");
    }
}
