using System.Diagnostics;
using Google.Protobuf.WellKnownTypes;

namespace RemoteExec.Worker;

/// <summary>The spans of attempts at actions, with their phases, below the calls that clients made for them. Where nobody listens there are none, and they cost nothing.</summary>
internal static class WorkerTracing
{
    private static readonly ActivitySource source = new("RemoteExec.Worker");

    /// <summary>Begins the span of an attempt; null if its client's call is not traced. Becomes the current one of this flow: what the worker asks the CAS for is below it.</summary>
    public static Activity? Begin(ActionLease lease)
    {
        if (lease.TraceContext is null || !source.HasListeners() || !ActivityContext.TryParse(lease.TraceContext, null, isRemote: true, out ActivityContext parent))
            return null;
        return source.StartActivity("action", ActivityKind.Consumer, parent)?.SetTag("remoteexec.action.digest", lease.ActionDigest.ToString());
    }

    /// <summary>Says how an attempt went. The span is ended by who began it.</summary>
    /// <param name="span">Its span.</param>
    /// <param name="run">The attempt.</param>
    /// <param name="tier">The sandbox.</param>
    public static void End(Activity? span, ActionRun run, string tier)
    {
        if (span is null)
            return;
        Reapi.ExecutedActionMetadata times = run.Metadata;
        Phase("fetch", times.InputFetchStartTimestamp, times.InputFetchCompletedTimestamp);
        Phase("run", times.ExecutionStartTimestamp, times.ExecutionCompletedTimestamp);
        Phase("upload", times.OutputUploadStartTimestamp, times.OutputUploadCompletedTimestamp);
        string end = ActionEnd.Of(run);
        span.SetTag("remoteexec.worker.name", times.Worker).SetTag("remoteexec.sandbox", tier).SetTag("remoteexec.action.end", end);
        if (run.Response.Result is { } result)
            span.SetTag("process.exit.code", result.ExitCode);
        if (end != "ok")
            span.SetStatus(ActivityStatusCode.Error, run.Response.Status?.Message ?? end);

        void Phase(string name, Timestamp? start, Timestamp? end)
        {
            if (start is null || end is null)
                return;
            using Activity? phase = source.StartActivity(name, ActivityKind.Internal, span.Context, startTime: start.ToDateTimeOffset());
            phase?.SetEndTime(end.ToDateTime());
        }
    }
}
