using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace RemoteExec.Server.Configuration;

/// <summary>Durations as people write them: <c>250ms</c>, <c>90s</c>, <c>5m</c>, <c>1h30m</c>, <c>7d</c>.</summary>
internal static class Duration
{
    private static readonly (string Unit, TimeSpan Length)[] units =
    [
        ("d", TimeSpan.FromDays(1)), ("h", TimeSpan.FromHours(1)), ("ms", TimeSpan.FromMilliseconds(1)),
        ("m", TimeSpan.FromMinutes(1)), ("s", TimeSpan.FromSeconds(1)),
    ];

    private static readonly TimeSpan longest = TimeSpan.FromDays(3650);

    /// <summary>Parses a duration; <paramref name="error"/> says what is wrong with a bad one.</summary>
    public static bool TryParse(string text, out TimeSpan duration, [NotNullWhen(false)] out string? error)
    {
        duration = TimeSpan.Zero;
        ReadOnlySpan<char> rest = text.AsSpan().Trim();
        if (rest.IsEmpty)
            error = Malformed(text);
        else
            error = rest.SequenceEqual("0") ? null : Add(rest, ref duration, text);
        return error is null;
    }

    /// <summary>The duration as <see cref="TryParse"/> reads it.</summary>
    public static string Format(TimeSpan duration)
    {
        if (duration == TimeSpan.Zero)
            return "0";
        var text = new System.Text.StringBuilder();
        foreach ((string unit, TimeSpan length) in units.OrderByDescending(unit => unit.Length))
        {
            long count = duration.Ticks / length.Ticks;
            duration -= count * length;
            if (count > 0)
                text.Append(CultureInfo.InvariantCulture, $"{count}{unit}");
        }

        return text.ToString();
    }

    private static string? Add(ReadOnlySpan<char> rest, ref TimeSpan duration, string text)
    {
        while (!rest.IsEmpty)
        {
            int digits = rest.IndexOfAnyExceptInRange('0', '9');
            if (digits <= 0 || !long.TryParse(rest[..digits], CultureInfo.InvariantCulture, out long count))
                return Malformed(text);
            rest = rest[digits..];
            TimeSpan? length = null;
            foreach ((string unit, TimeSpan unitLength) in units)
            {
                if (!rest.StartsWith(unit, StringComparison.Ordinal))
                    continue;
                length = unitLength;
                rest = rest[unit.Length..];
                break;
            }

            if (length is null)
                return Malformed(text);
            if (count > (longest - duration) / length.Value)
                return $"'{text}' is too long";
            duration += count * length.Value;
        }

        return null;
    }

    private static string Malformed(string text) => $"'{text}' is no duration: write numbers with ms, s, m, h or d, for example 90s or 1h30m";
}
