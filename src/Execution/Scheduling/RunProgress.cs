using RemoteExec.Execution.Logs;

namespace RemoteExec.Execution.Scheduling;

/// <summary>What is known of a run so far. Never changes: there is a new one when more is known.</summary>
/// <param name="Metadata">Who runs it, and which phases it has been through.</param>
/// <param name="Logs">Where its output can be read while it runs; null if nowhere.</param>
internal sealed record RunProgress(Reapi.ExecutedActionMetadata Metadata, LogNames? Logs = null);
