namespace RemoteExec.Worker;

/// <summary>Runs actions. May be called concurrently.</summary>
internal interface IActionExecutor
{
    /// <summary>
    /// Runs an action and stores its outputs. All failures become part of the outcome, but for a cancellation.
    /// </summary>
    /// <param name="lease">What to run.</param>
    /// <param name="report">Told what is known so far whenever a phase ends, or the output can be read elsewhere: from any thread, one at a time.</param>
    /// <param name="cancellationToken">Stops the action; nothing of it runs on when the returned task has ended.</param>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    Task<ExecutionOutcome> ExecuteAsync(ActionLease lease, Action<ActionProgress> report, CancellationToken cancellationToken);

    /// <summary>Tells what it may be asked to run next, in the place of what was told before: a hint, for which it may get ready. Returns at once.</summary>
    void Expect(IReadOnlyList<UpcomingAction> actions);
}
