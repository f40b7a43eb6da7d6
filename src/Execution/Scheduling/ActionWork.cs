using Microsoft.Extensions.Logging;
using RemoteExec.Cas;
using RemoteExec.Execution.Actions;
using RemoteExec.Execution.Operations;
using RemoteExec.Protocol;

namespace RemoteExec.Execution.Scheduling;

/// <summary>The I/O that the scheduler asks for. What comes of it is an event, whatever happens; only cancelling throws.</summary>
internal sealed class ActionWork(ActionReader reader, ResultRecorder recorder, ILogger logger)
{
    /// <summary>Reads, checks and looks up an action.</summary>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    public async Task<SchedulerEvent> PrepareAsync(SchedulerEffect.Prepare prepare, CancellationToken cancellationToken)
    {
        try
        {
            return await reader.PrepareAsync(prepare.ActionDigest, prepare.SkipCacheLookup, cancellationToken) switch
            {
                Preparation.Ready ready => new SchedulerEvent.OperationPrepared(prepare.Name, ready.Action),
                Preparation.Ended ended => new SchedulerEvent.OperationAnswered(prepare.Name, ended.Outcome),
                _ => throw new InvalidOperationException("an action is either ready or not"),
            };
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            if (exception is not CasException)
                ExecutionLog.PreparationFailed(logger, exception, prepare.ActionDigest);
            return new SchedulerEvent.OperationAnswered(prepare.Name, StorageFailure.ToOutcome(exception));
        }
    }

    /// <summary>Checks the result of a worker, and stores it if it may be.</summary>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    public async Task<SchedulerEvent> RecordAsync(SchedulerEffect.Record record, CancellationToken cancellationToken)
    {
        Reapi.ActionResult result = record.Response.Result;
        try
        {
            if (await recorder.FindProblemAsync(record.ActionDigest, result, cancellationToken) is { } problem)
            {
                string worker = result.ExecutionMetadata.Worker;
                ExecutionLog.ResultRefused(logger, worker, record.ActionDigest, problem);
                return new SchedulerEvent.ResultRefused(record.ExecutionId, $"the result of worker '{worker}' is no good: {problem}");
            }

            Reapi.ExecuteResponse response = recorder.Sign(record.ActionDigest, record.Response, record.Submission);
            if (record.Store)
                await StoreAsync(record, response.Result, cancellationToken);
            return new SchedulerEvent.ResultRecorded(record.ExecutionId, new Outcome.Answered(response));
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            if (exception is not CasException)
                ExecutionLog.RecordingFailed(logger, exception, record.ActionDigest);
            return new SchedulerEvent.ResultRecorded(record.ExecutionId, StorageFailure.ToOutcome(exception));
        }
    }

    // A result is good even if it can't be kept.
    private async Task StoreAsync(SchedulerEffect.Record record, Reapi.ActionResult result, CancellationToken cancellationToken)
    {
        try
        {
            await recorder.StoreAsync(record.ActionDigest, result, record.IsRepeated, cancellationToken);
        }
        catch (CasException exception)
        {
            ExecutionLog.ResultNotStored(logger, exception, record.ActionDigest);
        }
    }
}
