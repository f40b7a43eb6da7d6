namespace RemoteExec.Cas.Chunking;

/// <summary>
/// FastCDC (Xia et al., "The Design of Fast Content-Defined Chunking for Data Deduplication Based Storage Systems", 2020), with normalized chunking at level 2, as
/// the API asks for (CAS-38): where a chunk ends follows from the content just before, so that a change moves few ends.
/// </summary>
public sealed class FastCdc : IChunker
{
    private const int NormalizationLevel = 2;

    // The paper's masks by the number of bits that are set, padded with zeros at the low end, from 5 bits on.
    private static readonly ulong[] masks =
    [
        0x0000000001804110, 0x0000000001803110, 0x0000000018035100, 0x0000001800035300, 0x0000019000353000, 0x0000590003530000, 0x0000d90003530000,
        0x0000d90103530000, 0x0000d90303530000, 0x0000d90313530000, 0x0000d90f03530000, 0x0000d90303537000, 0x0000d90703537000, 0x0000d90707537000,
        0x0000d91707537000, 0x0000d91747537000, 0x0000d91767537000, 0x0000d93767537000, 0x0000d93777537000, 0x0000d93777577000, 0x0000db3777577000,
    ];

    private readonly ulong[] gear;
    private readonly ulong strict;
    private readonly ulong loose;

    /// <summary>Makes a chunker of the sizes that the API derives from the average.</summary>
    /// <param name="averageBytes">The average length of a chunk, 1 KiB to 1 MiB; the shortest is a quarter of it, the longest four times.</param>
    /// <param name="seed">Changes where chunks end.</param>
    public FastCdc(int averageBytes, uint seed)
        : this(averageBytes / 4, averageBytes, averageBytes * 4, seed)
    {
    }

    /// <summary>Makes a chunker of any sizes.</summary>
    internal FastCdc(int minBytes, int averageBytes, int maxBytes, uint seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(averageBytes, 1024);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(averageBytes, 1024 * 1024);
        (MinBytes, AverageBytes, MaxBytes) = (minBytes, averageBytes, maxBytes);
        int bits = (int)Math.Round(Math.Log2(averageBytes));
        strict = MaskOf(bits + NormalizationLevel);
        loose = MaskOf(bits - NormalizationLevel);
        gear = Gear.TableOf(seed);
    }

    /// <summary>The shortest chunk, but for the last one of a blob.</summary>
    public int MinBytes { get; }

    /// <summary>The length of the average chunk.</summary>
    public int AverageBytes { get; }

    /// <summary>The longest chunk.</summary>
    public int MaxBytes { get; }

    /// <inheritdoc/>
    public int LookAheadBytes => MaxBytes;

    /// <inheritdoc/>
    public void Cut(ReadOnlySpan<byte> content, List<int> lengths) => lengths.Add(FirstChunk(content));

    /// <summary>The length of the first chunk of content of which at least <see cref="MaxBytes"/>, or all that is left, is at hand.</summary>
    public int FirstChunk(ReadOnlySpan<byte> content)
    {
        if (content.Length <= MinBytes)
            return content.Length;
        int end = Math.Min(content.Length, MaxBytes);
        int center = Math.Min(end, AverageBytes);

        // Two bytes at a time, as the 2020 paper does: the hash of the first is kept shifted by one. Up to the average an end is made rare, behind it frequent.
        ulong hash = 0;
        int half = MinBytes / 2;
        return Scan(content, ref half, center / 2, strict, ref hash) ?? Scan(content, ref half, end / 2, loose, ref hash) ?? end;
    }

    private int? Scan(ReadOnlySpan<byte> content, ref int half, int halfEnd, ulong mask, ref ulong hash)
    {
        for (; half < halfEnd; half++)
        {
            int at = 2 * half;
            hash = (hash << 2) + (gear[content[at]] << 1);
            if ((hash & (mask << 1)) == 0)
                return at;
            hash += gear[content[at + 1]];
            if ((hash & mask) == 0)
                return at + 1;
        }

        return null;
    }

    private static ulong MaskOf(int bits) => masks[bits - 5];
}
