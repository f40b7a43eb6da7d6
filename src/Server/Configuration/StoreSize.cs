using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace RemoteExec.Server.Configuration;

/// <summary>How large a store on disk may grow: a size (<c>400GiB</c>), or a share of the file system it lies on (<c>10%</c>).</summary>
internal readonly record struct StoreSize
{
    private StoreSize(ByteSize? fixedSize, decimal percent)
    {
        FixedSize = fixedSize;
        PercentOfDisk = percent;
    }

    /// <summary>The size, if it is not a share.</summary>
    public ByteSize? FixedSize { get; }

    /// <summary>The share in percent, more than 0 and at most 100, if <see cref="FixedSize"/> is null.</summary>
    public decimal PercentOfDisk { get; }

    /// <summary>True for a size that nothing fits into.</summary>
    public bool IsZero => FixedSize is { Bytes: 0 };

    /// <summary>A size that does not depend on the disk.</summary>
    public static StoreSize Of(ByteSize size) => new(size, 0);

    /// <summary>A share of the file system.</summary>
    public static StoreSize OfDisk(decimal percent) => new(null, percent);

    /// <summary>Parses a size or a share; <paramref name="error"/> says what is wrong with a bad one.</summary>
    public static bool TryParse(string text, out StoreSize size, [NotNullWhen(false)] out string? error)
    {
        size = default;
        if (!text.EndsWith('%'))
        {
            bool parsed = ByteSize.TryParse(text, out ByteSize bytes, out error);
            size = Of(bytes);
            return parsed;
        }

        error = null;
        if (decimal.TryParse(text[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal percent) && percent is > 0 and <= 100)
            size = OfDisk(percent);
        else
            error = $"'{text}' is no share of a disk: write more than 0% and at most 100%";
        return error is null;
    }

    /// <summary>The bytes that this means for a store in a directory, which need not exist yet.</summary>
    public long Resolve(string directory)
    {
        if (FixedSize is { } size)
            return size.Bytes;
        string? existing = Path.GetFullPath(directory);
        while (existing is not null && !Directory.Exists(existing))
            existing = Path.GetDirectoryName(existing);
        return (long)(new DriveInfo(existing ?? "/").TotalSize * (PercentOfDisk / 100));
    }

    /// <summary>This size times <paramref name="factor"/>, for dividing a total among several stores.</summary>
    public StoreSize Scale(decimal factor) =>
        FixedSize is { } size ? Of(new ByteSize((long)(size.Bytes * factor))) : OfDisk(PercentOfDisk * factor);

    /// <summary>The size as <see cref="TryParse"/> reads it.</summary>
    public override string ToString() =>
        FixedSize?.ToString() ?? string.Create(CultureInfo.InvariantCulture, $"{PercentOfDisk.ToString("0.####", CultureInfo.InvariantCulture)}%");
}
