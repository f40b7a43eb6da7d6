using RemoteExec.Protocol.Journals;

namespace RemoteExec.Execution.Journal;

/// <summary>
/// Where a scheduler writes down what has to be found again: after a restart, or by the one that takes over. It has one writer, which makes one
/// call after the other.
/// </summary>
public interface IJournal : IAsyncDisposable
{
    /// <summary>True once so much was appended since the last snapshot that a new one is worth its while.</summary>
    bool WantsSnapshot { get; }

    /// <summary>
    /// Appends entries, all or none; when this returns, whoever reads the journal finds them. Where they can't be kept just now it waits, for as long
    /// as it takes.
    /// </summary>
    /// <exception cref="JournalLostException">Another scheduler has taken over: nothing was written, and this one never writes again.</exception>
    /// <exception cref="JournalBehindException">
    /// Something that was written before is no longer there, so that entries can't go behind it. The writer goes on by replacing everything, with a
    /// snapshot that has these entries too.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token fired; the entries may have been written.</exception>
    Task AppendAsync(IReadOnlyList<JournalEntry> entries, CancellationToken cancellationToken);

    /// <summary>Puts a snapshot in the place of all that was written before, as a whole or not at all. Where that is not possible just now it waits.</summary>
    /// <exception cref="JournalLostException">Another scheduler has taken over: nothing was written, and this one never writes again.</exception>
    /// <exception cref="OperationCanceledException">The token fired; the snapshot may have been written.</exception>
    Task ReplaceAsync(IReadOnlyList<JournalEntry> snapshot, CancellationToken cancellationToken);
}
