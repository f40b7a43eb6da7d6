namespace RemoteExec.Execution.Scheduling;

/// <summary>What a slot is told.</summary>
/// <param name="Lease">What it should execute; null: nothing.</param>
/// <param name="IsDraining">True while an operator keeps its worker out of service.</param>
/// <param name="Upcoming">What its worker may be given next.</param>
internal readonly record struct PollAnswer(Lease? Lease, bool IsDraining, IReadOnlyList<PreparedAction> Upcoming);
