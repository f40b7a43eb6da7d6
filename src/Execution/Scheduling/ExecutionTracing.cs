using System.Diagnostics;

namespace RemoteExec.Execution.Scheduling;

/// <summary>The spans of what the scheduler does for an action that is traced. Where nobody listens there are none, and they cost nothing.</summary>
internal static class ExecutionTracing
{
    private static readonly ActivitySource source = new("RemoteExec.Execution");

    /// <summary>The context of the call that is being served, for what is done for it later (W3C <c>traceparent</c>); null if it is not traced.</summary>
    public static string? CurrentContext => Activity.Current is { Recorded: true, IdFormat: ActivityIdFormat.W3C } span ? span.Id : null;

    /// <summary>Makes the span of an action's waiting for a worker, which is over.</summary>
    /// <param name="started">How it ended.</param>
    /// <param name="now">When it ended.</param>
    public static void NoteQueued(SchedulerEffect.RunStarted started, DateTimeOffset now)
    {
        if (started.TraceContext is null || !source.HasListeners() || !ActivityContext.TryParse(started.TraceContext, null, isRemote: true, out ActivityContext parent))
            return;
        using Activity? span = source.StartActivity("queue", ActivityKind.Internal, parent, startTime: now - started.Waited);
        span?.SetTag("remoteexec.action.digest", started.Action.ToString());
        span?.SetEndTime(now.UtcDateTime);
    }
}
