namespace RemoteExec.Execution.Scheduling;

/// <summary>Whether an action whose worker failed is given to another.</summary>
/// <param name="MaxAttempts">The number of attempts in all.</param>
internal sealed record RetryPolicy(int MaxAttempts)
{
    /// <summary>True if one more attempt is allowed after this many: an action that kills its workers must not go through all of them.</summary>
    public bool AllowsAnother(int attempts) => attempts < MaxAttempts;
}
