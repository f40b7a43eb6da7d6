namespace RemoteExec.Cas.Stores.Segments;

/// <summary>How values are stored. What was stored the other way stays readable.</summary>
public enum SegmentCompression
{
    /// <summary>As they are.</summary>
    None,

    /// <summary>As zstd frames, if they are longer than 16 KiB and their beginning shrinks.</summary>
    Zstd,
}
