using System.Threading.Channels;

namespace RemoteExec.Worker.Tests.Services;

/// <summary>An executor whose actions end when the test says so.</summary>
internal sealed class HeldExecutor : IActionExecutor
{
    private readonly Channel<Running> started = Channel.CreateUnbounded<Running>();

    /// <summary>The next action that was started.</summary>
    public ValueTask<Running> NextAsync() => started.Reader.ReadAsync(TestContext.Current.CancellationToken);

    public async Task<ExecutionOutcome> ExecuteAsync(ActionLease lease, Action<ActionProgress> report, CancellationToken cancellationToken)
    {
        var running = new Running(lease, report);
        await using CancellationTokenRegistration registration = cancellationToken.Register(() => running.Stop(cancellationToken));
        started.Writer.TryWrite(running);
        return await running.Outcome;
    }

    /// <summary>What was told to be expected, each time.</summary>
    public Channel<IReadOnlyList<UpcomingAction>> Expected { get; } = Channel.CreateUnbounded<IReadOnlyList<UpcomingAction>>();

    public void Expect(IReadOnlyList<UpcomingAction> actions) => Expected.Writer.TryWrite(actions);

    internal sealed class Running(ActionLease lease, Action<ActionProgress> report)
    {
        private readonly TaskCompletionSource<ExecutionOutcome> outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ActionLease Lease { get; } = lease;

        public Task<ExecutionOutcome> Outcome => outcome.Task;

        public bool WasStopped => outcome.Task.IsCanceled;

        public void Report(string worker, string stdout = "", string stderr = "") => report(new ActionProgress(new Reapi.ExecutedActionMetadata { Worker = worker }, stdout, stderr));

        public void End(int exitCode = 0, bool retryable = false) =>
            outcome.TrySetResult(new ExecutionOutcome(new Reapi.ExecuteResponse { Result = new Reapi.ActionResult { ExitCode = exitCode } }, retryable));

        public void End(ExecutionOutcome how) => outcome.TrySetResult(how);

        public void Stop(CancellationToken cancellationToken) => outcome.TrySetCanceled(cancellationToken);
    }
}
