namespace RemoteExec.Cas.Stores.Segments;

/// <summary>
/// When and how a blob was touched last, in 32 bits: in which era (see <see cref="SegmentLog"/>), of which there are a billion, and whether that was a use since its record was
/// placed where it is, a use before the record was moved there, or its writing. All zeros: it was written and nobody cares when.
/// </summary>
internal readonly record struct Touch
{
    private const uint NotUsedHere = 1u << 31;
    private const uint NeverUsed = 1u << 30;
    private readonly uint bits;

    private Touch(uint bits) => this.bits = bits;

    /// <summary>The era.</summary>
    public uint Era => bits & ~(NotUsedHere | NeverUsed);

    /// <summary>The era, if it was a use since the record was placed where it is; else 0.</summary>
    public uint LastUse => (bits & NotUsedHere) == 0 ? bits : 0;

    /// <summary>True if the blob was not used since it was written.</summary>
    public bool IsWriting => bits == 0 || (bits & NeverUsed) != 0;

    /// <summary>It is looked up or read.</summary>
    public static Touch Use(uint era) => new(era);

    /// <summary>It is written by somebody who will want to find it.</summary>
    public static Touch Writing(uint era) => new(era | NotUsedHere | NeverUsed);

    /// <summary>The same touch after the record was moved.</summary>
    public Touch Moved() => bits == 0 ? this : new Touch(bits | NotUsedHere);
}
