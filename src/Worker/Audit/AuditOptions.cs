namespace RemoteExec.Worker.Audit;

/// <summary>How a worker checks whether actions are what they say: functions of their inputs.</summary>
public sealed record AuditOptions
{
    /// <summary>True to write down what every action looks at; otherwise only for those that ask for it by the platform property <c>audit</c>.</summary>
    public bool Reads { get; init; }

    /// <summary>The share of the actions with a result that may be cached that are run again, from 0 to 1. Which ones is a matter of their digest.</summary>
    public double Rerun { get; init; }

    /// <summary>True to keep a result out of the cache if the second run made another.</summary>
    public bool Quarantines { get; init; }

    internal IEnumerable<string> Validate()
    {
        if (Rerun is not (>= 0 and <= 1))
            yield return $"sandbox.audit.rerun must be between 0 and 1, not {Rerun}";
    }
}
