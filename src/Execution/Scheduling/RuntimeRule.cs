namespace RemoteExec.Execution.Scheduling;

/// <summary>How long actions of some platforms may run.</summary>
public sealed record RuntimeRule
{
    /// <summary>The properties that an action's platform must have for the rule to fit; more do no harm.</summary>
    public IReadOnlyDictionary<string, string> Platform { get; init; } = new Dictionary<string, string>();

    /// <summary>The timeout of those that name none; null for that of all others.</summary>
    public TimeSpan? DefaultTimeout { get; init; }

    /// <summary>The longest timeout that they may ask for; null for that of all others.</summary>
    public TimeSpan? MaxTimeout { get; init; }

    /// <summary>True if it says something of a platform.</summary>
    internal bool Fits(Reapi.Platform? platform) => Platform.All(
        wanted => platform?.Properties.Any(property => property.Name == wanted.Key && property.Value == wanted.Value) == true);
}
