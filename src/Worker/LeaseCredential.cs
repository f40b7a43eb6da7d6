namespace RemoteExec.Worker;

/// <summary>
/// What the worker shows, instead of its own credentials, where it reads and writes blobs for one action: the token that the scheduler gave it with the action, the latest one. Whatever is done in the flow of the action's execution shows it,
/// also what goes on for others, who want blobs of the same instance. Thread-safe.
/// </summary>
/// <param name="token">The first token.</param>
internal sealed class LeaseCredential(string token)
{
    private static readonly AsyncLocal<LeaseCredential?> current = new();
    private volatile string header = HeaderOf(token);

    /// <summary>The one of the flow that asks; null where the worker speaks for itself.</summary>
    public static LeaseCredential? Current
    {
        get => current.Value;
        set => current.Value = value;
    }

    /// <summary>The value of the authorization header.</summary>
    public string Header => header;

    /// <summary>A token as the scheduler tells it; null if it tells none, because the worker's own credentials will do.</summary>
    public static LeaseCredential? Of(string token) => token.Length > 0 ? new LeaseCredential(token) : null;

    /// <summary>Takes the next token; an empty one is none.</summary>
    public void Renew(string next)
    {
        if (next.Length > 0)
            header = HeaderOf(next);
    }

    /// <summary>The token stays out of messages.</summary>
    public override string ToString() => "a lease token";

    private static string HeaderOf(string token) => $"Bearer {token}";
}
