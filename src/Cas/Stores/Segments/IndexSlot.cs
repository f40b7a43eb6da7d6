using System.Runtime.InteropServices;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>An <see cref="IndexEntry"/> and its tag in 34 bytes, as it stands in memory and in checkpoints. All zeros: empty.</summary>
/// <remarks>The highest byte of the tag is the number of the shard and is not kept. Segments are numbered from 1.</remarks>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct IndexSlot
{
    /// <summary>The length of a slot.</summary>
    public const int Bytes = 34;

    /// <summary>The first length that can't be kept.</summary>
    public const long LengthLimit = 1L << 40;

    private const ushort UnknownSize = 0xffff;
    private const ushort SizeIsLength = 0xfffe;
    private const ushort SizeIsElsewhere = 0xfffd;
    private const int HighBytes = 7;

    private readonly ulong low;
    private readonly uint highLow;
    private readonly ushort highMiddle;
    private readonly byte highHigh;
    private readonly int segment;
    private readonly uint unit;
    private readonly uint lengthLow;
    private readonly byte lengthHigh;
    private readonly ushort size;
    private Touch touch;

    /// <summary>Makes a slot.</summary>
    public IndexSlot(UInt128 tag, in IndexEntry entry)
    {
        low = (ulong)tag;
        ulong high = (ulong)(tag >> 64);
        highLow = (uint)high;
        highMiddle = (ushort)(high >> 32);
        highHigh = (byte)(high >> 48);
        segment = entry.Place.Segment;
        unit = entry.Place.Unit;
        lengthLow = (uint)entry.Length;
        lengthHigh = checked((byte)(entry.Length >> 32));
        touch = entry.Touch;
        size = entry.DigestSize == entry.Length ? SizeIsLength
            : entry.DigestSize == Protocol.Digest.UnknownSize ? UnknownSize
            : entry.DigestSize is >= 0 and < SizeIsElsewhere ? (ushort)entry.DigestSize
            : SizeIsElsewhere;
    }

    /// <summary>The lower half of the tag, by which slots are ordered.</summary>
    public readonly ulong Low => low;

    /// <summary>The number of the segment.</summary>
    public readonly int Segment => segment;

    /// <summary>True if there is no entry here.</summary>
    public readonly bool IsEmpty => segment == 0;

    /// <summary>True if the size in the digest had no room here: it is neither the length nor short.</summary>
    public readonly bool HasSizeElsewhere => size == SizeIsElsewhere;

    /// <summary>The last touch.</summary>
    public Touch Touch
    {
        readonly get => touch;
        set => touch = value;
    }

    private readonly ulong High => highLow | ((ulong)highMiddle << 32) | ((ulong)highHigh << 48);

    /// <summary>True if it is the slot of a tag, of whose lower half that is known already.</summary>
    public readonly bool HasHigh(UInt128 tag) => High == ((ulong)(tag >> 64) & ((1UL << (8 * HighBytes)) - 1));

    /// <summary>The tag.</summary>
    public readonly UInt128 TagIn(int shard) => new(((ulong)shard << (8 * HighBytes)) | High, low);

    /// <summary>The entry; if <see cref="HasSizeElsewhere"/>, its digest size has to be put in.</summary>
    public readonly IndexEntry Entry
    {
        get
        {
            long length = lengthLow | ((long)lengthHigh << 32);
            long digestSize = size switch { SizeIsLength => length, UnknownSize => Protocol.Digest.UnknownSize, _ => size };
            return new IndexEntry(new RecordPlace(segment, unit), length, digestSize, touch);
        }
    }
}
