namespace RemoteExec.Execution.Journal;

/// <summary>Says when a snapshot is worth its while: once more was appended than the last one took, and not for a trifle. A mutable struct.</summary>
internal struct JournalGrowth
{
    private const long LeastBytes = 8 << 20;

    private long snapshot;
    private long appended;

    /// <summary>True if so much was appended.</summary>
    public readonly bool WantsSnapshot => appended > Math.Max(snapshot, LeastBytes);

    /// <summary>Bytes were appended.</summary>
    public void Append(long bytes) => appended += bytes;

    /// <summary>A snapshot took the place of everything.</summary>
    public void Replace(long bytes)
    {
        snapshot = bytes;
        appended = 0;
    }
}
