namespace RemoteExec.Benchmarks.Eviction;

/// <summary>Something that happens to the cache.</summary>
/// <param name="Minute">When.</param>
/// <param name="Build">The build that does it, or <see cref="NoBuild"/>.</param>
/// <param name="Blob">The number of the blob.</param>
/// <param name="Size">The size of the blob.</param>
/// <param name="Kind">What is done.</param>
internal readonly record struct TraceEvent(double Minute, int Build, int Blob, int Size, TraceEventKind Kind)
{
    /// <summary>What does it names no build.</summary>
    public const int NoBuild = -1;
}

/// <summary>What is done to a blob.</summary>
internal enum TraceEventKind
{
    /// <summary>It is looked up, and uploaded if it is missing.</summary>
    LookUp,

    /// <summary>It is uploaded and never looked up again: a log, a stamped binary.</summary>
    Upload,

    /// <summary>The build, about to end, looks up what it has touched before, and relies on it.</summary>
    LateLookUp,
}
