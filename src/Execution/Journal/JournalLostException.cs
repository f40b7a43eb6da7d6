namespace RemoteExec.Execution.Journal;

/// <summary>Another scheduler has taken over.</summary>
internal sealed class JournalLostException() : Exception("another scheduler has taken over");
