using System.Globalization;

namespace RemoteExec.Rpc.Framing;

/// <summary>The <c>grpc-timeout</c> header: at most eight digits and a unit (H, M, S, m, u, n).</summary>
public static class RpcTimeout
{
    private const int MaxDigits = 8;

    /// <summary>Parses a header value.</summary>
    public static bool TryParse(string? text, out TimeSpan timeout)
    {
        timeout = default;
        if (text is null || text.Length < 2 || text.Length > MaxDigits + 1
            || !long.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out long value))
            return false;

        long ticksPerUnit = text[^1] switch
        {
            'H' => TimeSpan.TicksPerHour,
            'M' => TimeSpan.TicksPerMinute,
            'S' => TimeSpan.TicksPerSecond,
            'm' => TimeSpan.TicksPerMillisecond,
            'u' => TimeSpan.TicksPerMicrosecond,
            'n' => 0,
            _ => -1,
        };
        if (ticksPerUnit < 0)
            return false;
        timeout = TimeSpan.FromTicks(ticksPerUnit == 0 ? value / TimeSpan.NanosecondsPerTick : value * ticksPerUnit);
        return true;
    }

    /// <summary>Formats a timeout with the finest unit that fits eight digits; less than nothing becomes <c>0n</c>.</summary>
    public static string Format(TimeSpan timeout)
    {
        if (timeout <= TimeSpan.Zero)
            return "0n";
        (long ticks, char unit)[] units =
            [(TimeSpan.TicksPerMicrosecond, 'u'), (TimeSpan.TicksPerMillisecond, 'm'), (TimeSpan.TicksPerSecond, 'S'), (TimeSpan.TicksPerMinute, 'M')];
        foreach ((long ticks, char unit) in units)
        {
            if (timeout.Ticks / ticks < 100_000_000)
                return string.Create(CultureInfo.InvariantCulture, $"{(timeout.Ticks + ticks - 1) / ticks}{unit}");
        }

        return string.Create(CultureInfo.InvariantCulture, $"{Math.Min(timeout.Ticks / TimeSpan.TicksPerHour, 99_999_999)}H");
    }
}
