namespace RemoteExec.Execution.Journal;

/// <summary>Another scheduler has taken over.</summary>
public sealed class JournalLostException() : Exception("another scheduler has taken over");
