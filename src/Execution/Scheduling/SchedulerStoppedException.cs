namespace RemoteExec.Execution.Scheduling;

/// <summary>The scheduler has stopped, and takes nothing more.</summary>
public sealed class SchedulerStoppedException() : Exception("the scheduler has stopped: the server is shutting down");
