using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace RemoteExec.Images.Archives;

/// <summary>
/// The entries of a tar archive. Not by the framework's reader, which takes memory as headers ask for it.
/// </summary>
internal static class TarEntries
{
    private const int MaxHeaderBytes = 1 << 20; // a long name, or records: no path is that long

    /// <summary>Reads them to the end of the stream, which need not be seekable and stays open.</summary>
    /// <exception cref="InvalidDataException">It is no tar archive, or a damaged one.</exception>
    /// <exception cref="ImageException">It has files of a kind that can't be read.</exception>
    public static async IAsyncEnumerable<ArchiveEntry> ReadAsync(Stream tar, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var next = new Overrides();
        byte[] block = new byte[TarBlock.Length];
        while (await ReadBlockAsync(tar, block, cancellationToken))
        {
            (char type, long size) = Check(block);
            if (type is 'L' or 'K' or 'x' or 'g')
            {
                byte[] content = await ReadHeaderAsync(tar, size, cancellationToken);
                next = type switch
                {
                    'L' => next with { Name = Text(content) },
                    'K' => next with { Target = Text(content) },
                    'x' => Apply(next, PaxRecords.Parse(content)),
                    _ => next, // what goes for all is times and owners
                };
                continue;
            }

            ArchiveEntry? entry = Convert(block, next);
            long length = type is >= '1' and <= '6' ? 0 : next.Size ?? size; // some write a size for what has no content
            next = new Overrides();
            var part = new PartStream(tar, length);
            if (entry is not null)
                yield return entry.Kind == ArchiveEntryKind.File ? entry with { Length = length, Content = part } : entry;
            await part.CopyToAsync(Stream.Null, cancellationToken);
            if (!part.IsWhole)
                throw new InvalidDataException("it is cut off");
            await SkipPaddingAsync(tar, length, cancellationToken);
        }

        // What is behind the end is padding; a program that decompresses tells at its end whether all was well.
        await tar.CopyToAsync(Stream.Null, cancellationToken);
    }

    /// <summary>Reads a header; false at the end.</summary>
    private static async Task<bool> ReadBlockAsync(Stream tar, byte[] block, CancellationToken cancellationToken)
    {
        int read = await tar.ReadAtLeastAsync(block, block.Length, throwOnEndOfStream: false, cancellationToken);
        if (read is > 0 and < TarBlock.Length)
            throw new InvalidDataException("it is cut off");
        return read > 0 && !new TarBlock(block).IsEmpty;
    }

    private static (char Type, long Size) Check(byte[] block)
    {
        var header = new TarBlock(block);
        return header.IsIntact ? (header.Type, header.Size) : throw new InvalidDataException("a header has another checksum than it says");
    }

    private static async Task<byte[]> ReadHeaderAsync(Stream tar, long size, CancellationToken cancellationToken)
    {
        if (size > MaxHeaderBytes)
            throw new InvalidDataException($"a name or a record has {size} bytes");
        byte[] content = new byte[size];
        if (await tar.ReadAtLeastAsync(content, content.Length, throwOnEndOfStream: false, cancellationToken) < size)
            throw new InvalidDataException("it is cut off");
        await SkipPaddingAsync(tar, size, cancellationToken);
        return content;
    }

    private static async Task SkipPaddingAsync(Stream tar, long length, CancellationToken cancellationToken) =>
        await new PartStream(tar, (TarBlock.Length - (length % TarBlock.Length)) % TarBlock.Length).CopyToAsync(Stream.Null, cancellationToken);

    private static string Text(ReadOnlySpan<byte> content) => Encoding.UTF8.GetString(content.TrimEnd((byte)0));

    private static Overrides Apply(Overrides next, Dictionary<string, string> records)
    {
        long? size = null;
        if (records.TryGetValue("size", out string? text))
            size = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : throw new InvalidDataException($"the size '{text}' is no number");
        return next with
        {
            Name = records.GetValueOrDefault("GNU.sparse.name") ?? records.GetValueOrDefault("path") ?? next.Name,
            Target = records.GetValueOrDefault("linkpath") ?? next.Target,
            Size = size ?? next.Size,
            IsSparse = next.IsSparse || records.Keys.Any(key => key.StartsWith("GNU.sparse.", StringComparison.Ordinal)),
        };
    }

    private static ArchiveEntry? Convert(byte[] block, Overrides next)
    {
        var header = new TarBlock(block);
        string name = next.Name ?? header.Name;
        if (next.IsSparse || header.Type == 'S')
            throw new ImageException($"'{name}' is a sparse file: make the archive without --sparse");
        ArchiveEntryKind kind = header.Type switch
        {
            '0' or '\0' or '7' => name.EndsWith('/') ? ArchiveEntryKind.Directory : ArchiveEntryKind.File, // the oldest have no directories
            '1' => ArchiveEntryKind.HardLink,
            '2' => ArchiveEntryKind.Symlink,
            '5' or 'D' => ArchiveEntryKind.Directory,
            _ => ArchiveEntryKind.Special,
        };
        return header.Type == 'V' ? null : new ArchiveEntry(name, kind) { Mode = header.Mode, Target = next.Target ?? header.Target, Description = Describe(header.Type) };
    }

    private static string Describe(char type) => type switch
    {
        '3' => "a character device",
        '4' => "a block device",
        '6' => "a named pipe",
        _ => $"an entry of type '{type}'",
    };

    /// <summary>What goes before an entry and counts instead of what its header says.</summary>
    private sealed record Overrides
    {
        public string? Name { get; init; }

        public string? Target { get; init; }

        public long? Size { get; init; }

        public bool IsSparse { get; init; }
    }
}
