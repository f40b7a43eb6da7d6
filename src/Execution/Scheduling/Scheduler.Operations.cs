using RemoteExec.Execution.Operations;

namespace RemoteExec.Execution.Scheduling;

// What happens to operations: the clients' side.
internal sealed partial class Scheduler
{
    private static readonly Outcome.Failed shuttingDown = new(FailureKind.ShuttingDown, "the server is shutting down: try again elsewhere");
    private readonly OperationTable operations;
    private bool isForgettingPlanned;

    private void Start(SchedulerEvent.OperationStarted started)
    {
        var operation = new Operation(started.Name, started.ActionDigest, started.Submission);
        operation.Request.Feed = started.Feed;
        operations.Add(operation);
        if (draining)
        {
            Complete(operation, shuttingDown);
        }
        else if (IsOfCancelledBuild(operation))
        {
            Complete(operation, new Outcome.Failed(FailureKind.Refused, "an operator has cancelled this build: start it anew if it is wanted"));
        }
        else if (operations.UnfinishedCount > options.MaxUnfinishedOperations)
        {
            Complete(operation, new Outcome.Failed(
                FailureKind.QueueFull, $"there are {options.MaxUnfinishedOperations} operations under way already: try again later"));
        }
        else
        {
            NoteAccepted(operation);
            Publish(operation);
            effects.Add(new SchedulerEffect.Prepare(operation.Name, operation.ActionDigest, operation.Submission.SkipCacheLookup));
        }
    }

    private void Admit(SchedulerEvent.OperationPrepared prepared)
    {
        if (FindInPreparation(prepared.Name) is not { } operation)
            return;
        if (operation.IsAbandoned(now, options.AbandonedGrace))
            Complete(operation, Abandonment());
        else if (FindToMerge(prepared.Action, operation) is { } running)
            JoinRun(operation, running);
        else
            Launch(operation, prepared.Action);
    }

    // An action that must not be cached must not share a run either (EXE-10). A result that is being stored may be visible already,
    // which a client that skips the cache must not get (EXE-09).
    private Execution? FindToMerge(PreparedAction action, Operation operation) =>
        !action.DoNotCache && mergeable.TryGet(action.Digest, out Execution? running)
        && !(running.Phase == ExecutionPhase.Recording && operation.Submission.SkipCacheLookup)
            ? running
            : null;

    private void JoinRun(Operation operation, Execution execution)
    {
        operation.Request.IsMerged = true;
        Attach(operation, execution);
    }

    private void Attach(Operation operation, Execution execution)
    {
        operation.Execution = execution;
        execution.Operations.Add(operation);
        NoteAttached(operation, execution);
        if (execution.Phase == ExecutionPhase.Queued)
            Line(execution, operation);
        else
            execution.Priority = Math.Min(execution.Priority, operation.Submission.Priority);
        Publish(operation);
    }

    // It stands in the line of each build that waits for it: whose turn comes first has it run for all.
    private void Line(Execution execution, Operation operation)
    {
        if (operation.Submission.Priority >= execution.Priority)
        {
            AddLine(execution, operation);
            return;
        }

        // Its place in the lines depends on the priority: take it out first.
        execution.Queue!.Unline(execution);
        execution.Priority = operation.Submission.Priority;
        AddLines(execution);
    }

    private void AddLines(Execution execution)
    {
        for (int i = 0; i < execution.Operations.Count; i++)
            AddLine(execution, execution.Operations[i]);
    }

    private void AddLine(Execution execution, Operation operation)
    {
        FairShare build = tree.ShareOf(RequesterOf(operation));
        if (!execution.Lines.Contains(build))
            execution.Queue!.Line(execution, build);
    }

    private Requester RequesterOf(Operation operation) => options.Fairness.RequesterOf(
        operation.Name.Instance, operation.Submission.Priority, operation.Submission.RequestMetadata);

    private void Launch(Operation operation, PreparedAction action)
    {
        var execution = new Execution(++lastExecution, action with { Key = operation.Request.Action }, now) { Priority = operation.Submission.Priority };
        execution.Operations.Add(operation);
        operation.Execution = execution;
        ExecutionsInFlight++;
        if (!action.DoNotCache)
            mergeable.Set(execution);
        NoteLaunched(operation, execution);
        Publish(operation);
        Enqueue(execution);
    }

    private void Answer(SchedulerEvent.OperationAnswered answered)
    {
        if (FindInPreparation(answered.Name) is { } operation)
            Complete(operation, answered.Outcome);
    }

    private void Join(OperationName name)
    {
        if (operations.Find(name) is { } operation)
            operation.Waiters++;
    }

    private void Leave(OperationName name)
    {
        if (operations.Find(name) is not { } operation || --operation.Waiters > 0)
            return;
        operation.AbandonedAt = now;
        if (operation.Outcome is null)
            agenda.Add(now + options.AbandonedGrace, operation);
    }

    private void LookAtOperation(Operation operation)
    {
        if (operation.Execution is { } execution)
            StopIfAbandoned(execution);
    }

    private void StopIfAbandoned(Execution execution)
    {
        for (int i = 0; i < execution.Operations.Count; i++)
        {
            if (!execution.Operations[i].IsAbandoned(now, options.AbandonedGrace))
                return;
        }

        End(execution, Abandonment());
    }

    private void Cancel(OperationName name)
    {
        if (operations.Find(name) is not { Outcome: null } operation)
            return;
        Detach(operation);
        Complete(operation, new Outcome.Failed(FailureKind.Cancelled, "the operation was cancelled"));
    }

    private void Delete(OperationName name)
    {
        if (operations.Find(name) is not { } operation)
            return;
        Detach(operation);
        operations.Remove(operation);
        NoteDeleted(operation);
        effects.Add(new SchedulerEffect.Forget(operation.Request));
    }

    // Others who wait for the same execution keep it going (OPS-02).
    private void Detach(Operation operation)
    {
        if (operation.Execution is not { } execution)
            return;
        execution.Operations.Remove(operation);
        operation.Execution = null;
        if (execution.Operations.Count == 0)
            Abandon(execution);
        else
            StopIfAbandoned(execution);
        if (execution is { Phase: ExecutionPhase.Queued, Lines.Count: > 1 })
            LeaveLines(execution);
    }

    // Nobody pays any more for those who have gone.
    private void LeaveLines(Execution execution)
    {
        execution.Queue!.Unline(execution);
        AddLines(execution);
    }

    private void Complete(Operation operation, Outcome outcome)
    {
        operation.Outcome = outcome;
        operation.DoneAt = now;
        NoteEnded(operation);
        Publish(operation);
        operation.Execution?.Operations.Remove(operation);
        operation.Execution = null;
        operations.Retire(operation);
        ForgetExpired();
    }

    private void ForgetExpired()
    {
        while (operations.TakeExpired(now) is { } expired)
            effects.Add(new SchedulerEffect.Forget(expired.Request));
        PlanForgetting();
    }

    private void PlanForgetting()
    {
        // One look for all: a reminder of each would keep what the table has let go.
        if (!isForgettingPlanned && operations.NextExpiry is { } next)
        {
            isForgettingPlanned = true;
            agenda.Add(next, operations);
        }
    }

    private void LookAtOperations()
    {
        isForgettingPlanned = false;
        ForgetExpired();
    }

    private Operation? FindInPreparation(OperationName name) =>
        operations.Find(name) is { Outcome: null, Execution: null } operation ? operation : null;

    private Outcome.Failed Abandonment() => new(
        FailureKind.Abandoned,
        $"nobody waited for the operation for {options.AbandonedGrace.TotalSeconds:0} s, so it was stopped: execute the action again");

    private void Publish(Operation operation) => effects.Add(new SchedulerEffect.Publish(operation.ToState()));

    private void PublishAll(Execution execution)
    {
        for (int i = 0; i < execution.Operations.Count; i++)
            Publish(execution.Operations[i]);
    }
}
