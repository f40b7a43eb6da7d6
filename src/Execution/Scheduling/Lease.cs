namespace RemoteExec.Execution.Scheduling;

/// <summary>One attempt at an action, given to one slot.</summary>
/// <param name="Id">New for each attempt.</param>
/// <param name="Action">The action.</param>
/// <param name="QueuedAt">When it was first queued.</param>
/// <param name="RequestMetadata">For whom it runs; null if the client did not say.</param>
/// <param name="SetAside">What the worker has to set aside for it; null if it did not tell what it has.</param>
internal sealed record Lease(string Id, PreparedAction Action, DateTimeOffset QueuedAt, Reapi.RequestMetadata? RequestMetadata, Resources? SetAside = null)
{
    /// <summary>The context of the client's call for traces; null if it is not traced.</summary>
    public string? TraceContext { get; init; }
}
