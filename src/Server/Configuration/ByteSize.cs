using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace RemoteExec.Server.Configuration;

/// <summary>A number of bytes, written with a binary unit: <c>400GiB</c>, <c>1.5MiB</c>, <c>64KiB</c>, <c>100</c>.</summary>
/// <param name="Bytes">The number, ≥ 0.</param>
internal readonly record struct ByteSize(long Bytes)
{
    private static readonly (string Unit, long Factor)[] units =
        [("PiB", 1L << 50), ("TiB", 1L << 40), ("GiB", 1L << 30), ("MiB", 1L << 20), ("KiB", 1L << 10), ("B", 1), ("", 1)];

    /// <summary>A number of binary gigabytes.</summary>
    public static ByteSize GiB(long count) => new(count << 30);

    /// <summary>Parses a size; <paramref name="error"/> says what is wrong with a bad one.</summary>
    public static bool TryParse(string text, out ByteSize size, [NotNullWhen(false)] out string? error)
    {
        string trimmed = text.Trim();
        foreach ((string unit, long factor) in units)
        {
            if (!trimmed.EndsWith(unit, StringComparison.OrdinalIgnoreCase))
                continue;
            string number = trimmed[..^unit.Length].TrimEnd();
            if (!decimal.TryParse(number, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out decimal value))
                break;
            decimal bytes = Math.Abs(value) > long.MaxValue / factor ? decimal.MaxValue : value * factor;
            if (bytes < 0 || bytes > long.MaxValue)
            {
                size = default;
                error = bytes < 0 ? $"'{text}' is negative" : $"'{text}' is too large";
                return false;
            }

            size = new ByteSize((long)bytes);
            error = null;
            return true;
        }

        size = default;
        error = $"'{text}' is no size: write a number with KiB, MiB, GiB or TiB, for example 400GiB";
        return false;
    }

    /// <summary>The shortest exact way to write it.</summary>
    public override string ToString()
    {
        long bytes = Bytes;
        (string unit, long factor) = units.First(unit => bytes % unit.Factor == 0 && (bytes != 0 || unit.Factor == 1));
        return string.Create(CultureInfo.InvariantCulture, $"{bytes / factor}{(factor == 1 ? "" : unit)}");
    }
}
