using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Workers;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Worker.Services;

/// <summary>One slot: tells the scheduler what state it is in, and gets into the state it is told to be in.</summary>
/// <param name="introduction">Who the slot is and what its worker offers: what all its posts have in common.</param>
/// <param name="executor">What runs actions.</param>
/// <param name="scheduler">The way to the scheduler.</param>
/// <param name="logger">Where it logs.</param>
/// <param name="time">Its clock.</param>
internal sealed class WorkerSlot(SynchronizeRequest introduction, IActionExecutor executor, SchedulerConnection scheduler, ILogger logger, TimeProvider time)
{
    // A short action should cost one post, not two; a longer one wants to hear soon that it is no longer wanted.
    private static readonly TimeSpan firstHeartbeat = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan shortestHold = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan farewell = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan noTimeout = TimeSpan.FromDays(30);
    private TimeSpan leaseDuration = TimeSpan.FromSeconds(60); // until the scheduler says

    /// <summary>Takes and runs actions.</summary>
    /// <param name="stopping">Fires when no further action is wanted.</param>
    /// <param name="givingUp">Fires when the action that still runs is to be handed back.</param>
    public async Task RunAsync(CancellationToken stopping, CancellationToken givingUp)
    {
        SynchronizeResponse.Types.Execute? next = null;
        while (!stopping.IsCancellationRequested)
        {
            if ((next ?? await WaitForActionAsync(stopping)) is not { } current || stopping.IsCancellationRequested)
                break;
            (next, bool left) = await ExecuteAsync(current, stopping, givingUp);
            if (left)
                return;
        }

        await LeaveAsync();
    }

    private async Task<SynchronizeResponse.Types.Execute?> WaitForActionAsync(CancellationToken stopping)
    {
        Backoff backoff = scheduler.NewBackoff();
        try
        {
            while (true)
            {
                long posted = time.GetTimestamp();
                SynchronizeRequest request = NewRequest();
                request.Idle = new SynchronizeRequest.Types.Idle();
                SynchronizeResponse? response = await PostAsync(request, leaseDuration * 2 / 3, stopping);
                if (response?.Execute is { } execute)
                    return execute;

                // Normally such an answer comes after a long time, or as one of few. Many at once would keep both sides busy.
                if (time.GetElapsedTime(posted) >= shortestHold)
                    backoff.Reset();
                else
                    await backoff.WaitAsync(stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return null;
        }
    }

    // Answers what to execute next, if that is known at once, and whether the scheduler knows that the slot is gone.
    private async Task<(SynchronizeResponse.Types.Execute? Next, bool Left)> ExecuteAsync(
        SynchronizeResponse.Types.Execute execute, CancellationToken stopping, CancellationToken givingUp)
    {
        SynchronizeRequest request = NewRequest();
        request.Completed = new SynchronizeRequest.Types.Completed { LeaseId = execute.LeaseId };
        if (!TryParse(execute, out ActionLease? lease, out string? error))
        {
            request.Completed.Response = new Reapi.ExecuteResponse { Status = ActionErrors.Invalid(error) };
        }
        else
        {
            WorkerLog.ActionStarted(logger, lease.ActionDigest.ToString(), lease.Id, execute.Resources?.CpuMillis ?? 0, execute.Resources?.MemoryBytes ?? 0);
            using var stopAction = CancellationTokenSource.CreateLinkedTokenSource(givingUp);
            var progress = new LatestProgress();
            Task<ExecutionOutcome> running = executor.ExecuteAsync(lease, progress.Set, stopAction.Token);
            SynchronizeResponse? instead = await KeepLeaseAsync(lease, running, progress);
            if (instead is not null)
                await stopAction.CancelAsync();
            try
            {
                ExecutionOutcome outcome = await running;
                request.Completed.Response = outcome.Response;
                request.Completed.Retryable = outcome.Retryable;
                request.Completed.Usage = outcome.Usage;
                request.Completed.OutOfMemory = outcome.OutOfMemory;
                request.Completed.DoNotStore = outcome.DoNotStore;
                WorkerLog.ActionEnded(
                    logger, lease.ActionDigest.ToString(), lease.Id, outcome.Response.Status?.Code ?? 0, outcome.Response.Result?.ExitCode ?? 0, outcome.OutOfMemory);
            }
            catch (OperationCanceledException) when (stopAction.IsCancellationRequested)
            {
                WorkerLog.ActionStopped(logger, lease.ActionDigest.ToString(), lease.Id);
            }

            // What was told to stop is not wanted, even if it ended just now.
            if (instead is not null || request.Completed.Response is null)
                return (instead?.Execute, Left: false);
        }

        // A post that no server takes would be repeated for ever.
        if (request.CalculateSize() is var size and > WorkerProtocol.MaxPostBytes)
            request.Completed.Response = new Reapi.ExecuteResponse { Status = ActionErrors.ResultTooLong(size, WorkerProtocol.MaxPostBytes) };
        return await DeliverAsync(request, stopping, givingUp);
    }

    // A result is work done: it is posted until it is taken or not wanted, whoever is the scheduler by then. Only a worker that has to go stops trying, some time after that was due.
    private async Task<(SynchronizeResponse.Types.Execute? Next, bool Left)> DeliverAsync(SynchronizeRequest request, CancellationToken stopping, CancellationToken givingUp)
    {
        using var lastCall = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        await using CancellationTokenRegistration registration = givingUp.Register(() => lastCall.CancelAfter(farewell));
        try
        {
            while (true)
            {
                request.Completed.Leaving = stopping.IsCancellationRequested;
                if (await PostAsync(request, leaseDuration / 3, lastCall.Token) is { } answer)
                    return (answer.Execute, request.Completed.Leaving);
            }
        }
        catch (OperationCanceledException) when (lastCall.IsCancellationRequested)
        {
            WorkerLog.LeftUnheard(logger, introduction.SlotId);
            return (null, Left: true);
        }
    }

    // Posts that the action runs until it does no longer; an answer if it is not to run on.
    private async Task<SynchronizeResponse?> KeepLeaseAsync(ActionLease lease, Task running, LatestProgress progress)
    {
        await WaitAsync(running, firstHeartbeat < leaseDuration / 3 ? firstHeartbeat : leaseDuration / 3);
        while (!running.IsCompleted)
        {
            long posted = time.GetTimestamp();
            SynchronizeRequest request = NewRequest();
            (request.Executing, Task urgent) = progress.Take(lease.Id);
            using var over = new CancellationTokenSource();
            Task<SynchronizeResponse?> post = PostAsync(request, leaseDuration / 2, over.Token); // longer than it is held: each answer renews the lease's token
            if (await Task.WhenAny(running, urgent, post) != post)
                await over.CancelAsync();
            SynchronizeResponse? answer;
            try
            {
                answer = await post;
                if (answer is not null && answer.Execute?.LeaseId != lease.Id)
                    return answer;
                if (answer is not null)
                    lease.Credential?.Renew(answer.Execute.LeaseToken);
            }
            catch (OperationCanceledException) when (over.IsCancellationRequested)
            {
                continue;
            }

            await WaitAsync(Task.WhenAny(running, urgent), (answer is { Upcoming.Count: > 0 } ? shortestHold : leaseDuration / 3) - time.GetElapsedTime(posted));
        }

        return null;
    }

    private async Task WaitAsync(Task running, TimeSpan longest)
    {
        if (longest <= TimeSpan.Zero)
            return;
        using var enough = new CancellationTokenSource();
        await Task.WhenAny(running, Task.Delay(longest, time, enough.Token));
        await enough.CancelAsync();
    }

    private async Task LeaveAsync()
    {
        using var patience = new CancellationTokenSource(farewell, time);
        SynchronizeRequest request = NewRequest();
        request.Leaving = new SynchronizeRequest.Types.Leaving();
        try
        {
            await scheduler.PostAsync(request, farewell, patience.Token);
        }
        catch (OperationCanceledException)
        {
            // The scheduler finds out by itself, when the lease runs out.
            WorkerLog.LeftUnheard(logger, introduction.SlotId);
        }
    }

    private async Task<SynchronizeResponse?> PostAsync(SynchronizeRequest request, TimeSpan patience, CancellationToken cancellationToken)
    {
        SynchronizeResponse? response = await scheduler.PostAsync(request, patience, cancellationToken);
        if (response?.LeaseDuration?.ToTimeSpan() is { } duration && duration > TimeSpan.Zero)
            leaseDuration = duration;
        if (response?.Execute is not null)
            executor.Expect(UpcomingAction.Parse(response.Upcoming));
        return response;
    }

    private SynchronizeRequest NewRequest() => introduction.Clone();

    private static bool TryParse(
        SynchronizeResponse.Types.Execute execute, [NotNullWhen(true)] out ActionLease? lease,
        [NotNullWhen(false)] out string? error)
    {
        lease = null;
        if (!InstanceName.TryParse(execute.InstanceName, out InstanceName instance, out error)
            || !Digest.TryParse(instance, (DigestFunction)execute.DigestFunction, execute.ActionDigest, out Digest digest, out error))
            return false;
        if (execute.Action is null)
        {
            error = "the scheduler sent no action";
            return false;
        }

        lease = new ActionLease(execute.LeaseId, digest, execute.Action, execute.Timeout?.ToTimeSpan() ?? noTimeout, execute.QueuedTimestamp)
        {
            TraceContext = execute.TraceContext.Length > 0 ? execute.TraceContext : null,
            Credential = LeaseCredential.Of(execute.LeaseToken),
            CpuMillis = execute.Resources?.CpuMillis ?? 0,
            MemoryBytes = execute.AskedFor is { MemoryBytes: > 0 and var asked } ? Math.Max(asked, execute.Resources?.MemoryBytes ?? 0) : 0, // more is set aside after an attempt for which it was too little
        };
        return true;
    }
}
