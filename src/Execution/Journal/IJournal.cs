using RemoteExec.Protocol.Journals;

namespace RemoteExec.Execution.Journal;

/// <summary>
/// Where a scheduler writes down what has to be found again: after a restart, or by the one that takes over. It has one writer, which makes one
/// call after the other.
/// </summary>
internal interface IJournal : IAsyncDisposable
{
    /// <summary>True once so much was appended since the last snapshot that a new one is worth its while.</summary>
    bool WantsSnapshot { get; }

    /// <summary>
    /// Appends entries, all or none; when this returns, whoever reads the journal finds them. Where they can't be kept just now it waits, for as long
    /// as it takes.
    /// </summary>
    /// <exception cref="JournalLostException">Another scheduler has taken over: nothing was written, and this one never writes again.</exception>
    /// <exception cref="OperationCanceledException">The token fired; the entries may have been written.</exception>
    Task AppendAsync(IReadOnlyList<JournalEntry> entries, CancellationToken cancellationToken);

    /// <summary>Puts a snapshot in the place of all that was written before, as a whole or not at all. It waits and throws as appending does.</summary>
    Task ReplaceAsync(IReadOnlyList<JournalEntry> snapshot, CancellationToken cancellationToken);
}
