namespace RemoteExec.Execution.Journal;

/// <summary>Another process has the journal open.</summary>
public sealed class JournalLockedException(string directory)
    : Exception($"the scheduler's journal in {directory} is in use by another process: stop that one, or give this one a data directory of its own");
