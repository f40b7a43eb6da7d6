namespace RemoteExec.Execution.Journal;

/// <summary>How far somebody has read a <see cref="SharedJournal"/>.</summary>
/// <param name="Generation">Which log; empty if there is none.</param>
/// <param name="Length">How many of its batches.</param>
/// <param name="SnapshotBytes">What the snapshot takes with which it begins.</param>
/// <param name="AppendedBytes">What was read behind it.</param>
internal readonly record struct JournalPosition(string Generation, long Length, long SnapshotBytes, long AppendedBytes)
{
    /// <summary>Nothing was read.</summary>
    public static JournalPosition None { get; } = new("", 0, 0, 0);
}
