namespace RemoteExec.Execution.Journal;

/// <summary>The journal no longer has all that was written to it, as when what keeps it came back without its latest data: it needs a snapshot.</summary>
public sealed class JournalBehindException() : Exception("the journal lacks entries that were written to it: it needs a snapshot");
