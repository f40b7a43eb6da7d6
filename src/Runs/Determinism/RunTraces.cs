using RemoteExec.Runs.Remote;

namespace RemoteExec.Runs.Determinism;

/// <summary>What a run can leave in what it makes that is another one at the next run.</summary>
/// <param name="Worker">The worker's name; empty if it is not known.</param>
/// <param name="Began">When the worker began at the earliest; null if that is not known.</param>
/// <param name="Ended">When it had ended.</param>
internal sealed record RunTraces(string Worker, DateTimeOffset? Began, DateTimeOffset? Ended)
{
    /// <summary>Those of a run.</summary>
    public static RunTraces Of(FinishedRun run) => new(
        run.Worker, run.Result?.ExecutionMetadata?.WorkerStartTimestamp?.ToDateTimeOffset(), run.Result?.ExecutionMetadata?.WorkerCompletedTimestamp?.ToDateTimeOffset());

    /// <summary>True if a number of seconds since 1970 is a time at which it may have run; clocks may differ a little.</summary>
    public bool Covers(long seconds) =>
        Began is { } began && Ended is { } ended && seconds >= began.ToUnixTimeSeconds() - Tolerance && seconds <= ended.ToUnixTimeSeconds() + Tolerance;

    private const int Tolerance = 600;
}
