using RemoteExec.Protocol.Journals;

namespace RemoteExec.Execution.Journal;

/// <summary>What a look at a <see cref="SharedJournal"/> shows.</summary>
/// <param name="Epoch">The number of the last scheduler that became the active one; 0 if there was none, or Redis has forgotten.</param>
/// <param name="Lease">The lease that counts, as its holder wrote it; empty if nobody has it.</param>
/// <param name="StartsAnew">True if the entries take the place of all that was read before.</param>
/// <param name="Entries">The entries that are new.</param>
/// <param name="HasMore">True if there are further ones.</param>
/// <param name="IsWhole">False if there is no journal, or a part of it is missing.</param>
internal sealed record JournalView(long Epoch, string Lease, bool StartsAnew, IReadOnlyList<JournalEntry> Entries, bool HasMore, bool IsWhole);
