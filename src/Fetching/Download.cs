namespace RemoteExec.Fetching;

/// <summary>What is to be downloaded.</summary>
/// <param name="Source">Where it is.</param>
/// <param name="MaxBytes">How long it may be.</param>
public sealed record Download(Uri Source, long MaxBytes)
{
    /// <summary>Headers to send to that host, and to none to which it refers.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>Whether it may come by http: where it is known beforehand what it has to be.</summary>
    public bool AllowsPlain { get; init; }
}
