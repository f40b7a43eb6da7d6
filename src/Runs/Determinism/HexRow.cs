using System.Globalization;
using System.Text;

namespace RemoteExec.Runs.Determinism;

/// <summary>Bytes as people look at them: a row in hexadecimal, and as characters.</summary>
internal static class HexRow
{
    /// <summary>How many bytes a row has.</summary>
    public const int Bytes = 16;

    /// <summary>The row from a place on; it says that there is nothing more, if that is so.</summary>
    /// <param name="content">The bytes.</param>
    /// <param name="from">Where in these.</param>
    /// <param name="offset">What is told as its offset.</param>
    public static string Of(ReadOnlySpan<byte> content, int from, long offset)
    {
        ReadOnlySpan<byte> row = content[Math.Min(from, content.Length)..];
        row = row[..Math.Min(Bytes, row.Length)];
        if (row.IsEmpty)
            return string.Create(CultureInfo.InvariantCulture, $"{offset:x8}  (end)");
        var text = new StringBuilder();
        foreach (byte value in row)
            text.Append(CultureInfo.InvariantCulture, $"{value:x2} ");
        text.Append(' ', (Bytes - row.Length) * 3);
        foreach (byte value in row)
            text.Append(value is >= 0x20 and < 0x7f ? (char)value : '.');
        return string.Create(CultureInfo.InvariantCulture, $"{offset:x8}  {text}");
    }
}
