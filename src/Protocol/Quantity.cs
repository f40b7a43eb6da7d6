using System.Globalization;

namespace RemoteExec.Protocol;

/// <summary>Amounts as people write them into platform properties.</summary>
public static class Quantity
{
    /// <summary>Reads a number of bytes, with or without a unit: <c>k m g t</c>, with <c>i</c> and <c>b</c> or without, all of them powers of 1024; small and capital letters are the same.</summary>
    public static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        ReadOnlySpan<char> rest = text.AsSpan().Trim();
        if (rest.EndsWith("b", StringComparison.OrdinalIgnoreCase))
            rest = rest[..^1];
        if (rest.EndsWith("i", StringComparison.OrdinalIgnoreCase))
            rest = rest[..^1];
        int power = rest.IsEmpty ? 0 : "kmgt".IndexOf(char.ToLowerInvariant(rest[^1])) + 1;
        if (power > 0)
            rest = rest[..^1];
        if (!TryParseNumber(rest.Trim().ToString(), out double number))
            return false;
        number *= Math.Pow(1024, power);
        if (number > long.MaxValue / 2)
            return false;
        bytes = (long)number;
        return true;
    }

    /// <summary>Reads a number without a sign, with or without a fraction.</summary>
    public static bool TryParseNumber(string text, out double number) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out number) && double.IsFinite(number);
}
