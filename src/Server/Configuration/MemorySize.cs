using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace RemoteExec.Server.Configuration;

/// <summary>A part of the machine's memory: a size (<c>4GiB</c>), or a share of what there is (<c>50%</c>).</summary>
internal readonly record struct MemorySize
{
    private MemorySize(ByteSize? fixedSize, decimal percent) => (FixedSize, Percent) = (fixedSize, percent);

    /// <summary>The size, if it is not a share.</summary>
    public ByteSize? FixedSize { get; }

    /// <summary>The share in percent, more than 0 and at most 100, if <see cref="FixedSize"/> is null.</summary>
    public decimal Percent { get; }

    /// <summary>Parses a size or a share; <paramref name="error"/> says what is wrong with a bad one.</summary>
    public static bool TryParse(string text, out MemorySize size, [NotNullWhen(false)] out string? error)
    {
        size = default;
        if (!text.EndsWith('%'))
        {
            bool parsed = ByteSize.TryParse(text, out ByteSize bytes, out error);
            size = new MemorySize(bytes, 0);
            return parsed;
        }

        error = null;
        if (decimal.TryParse(text[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal percent) && percent is > 0 and <= 100)
            size = new MemorySize(null, percent);
        else
            error = $"'{text}' is no share of the memory: write more than 0% and at most 100%";
        return error is null;
    }

    /// <summary>The bytes that this means where there are so many.</summary>
    public long Resolve(long available) => FixedSize?.Bytes ?? (long)(available * (Percent / 100));

    /// <summary>The size as <see cref="TryParse"/> reads it.</summary>
    public override string ToString() =>
        FixedSize?.ToString() ?? string.Create(CultureInfo.InvariantCulture, $"{Percent.ToString("0.####", CultureInfo.InvariantCulture)}%");
}
