namespace RemoteExec.Builds.Critical;

/// <summary>
/// The critical path of a build: of all chains of actions, each of which takes as an input what the one before it makes, that whose commands run longest. With however many workers, and nothing in
/// the cache, the build takes at least so long.
/// </summary>
public sealed record CriticalPath
{
    /// <summary>The id of the build.</summary>
    public required string Build { get; init; }

    /// <summary>How long the commands of the path run, in seconds.</summary>
    public required double Seconds { get; init; }

    /// <summary>How long the commands of all actions run, one after the other.</summary>
    public required double TotalSeconds { get; init; }

    /// <summary>The actions of the path, in the order in which they run; empty if nothing is known of any.</summary>
    public required IReadOnlyList<CriticalStep> Steps { get; init; }

    /// <summary>How many actions were looked at.</summary>
    public required int Actions { get; init; }

    /// <summary>Of how many actions it is not known what they take, since the CAS does not have their inputs: as it is where clients run actions themselves.</summary>
    public required int WithoutInputs { get; init; }

    /// <summary>Of how many actions it is not known how long they run.</summary>
    public required int WithoutTime { get; init; }

    /// <summary>False if there are too many actions, or inputs, to look at all: then another path may be longer.</summary>
    public required bool IsComplete { get; init; }
}
