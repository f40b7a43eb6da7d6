namespace RemoteExec.Builds.Events;

/// <summary>A test, as the client tells of it.</summary>
public sealed record TestReport
{
    /// <summary>Its label.</summary>
    public required string Label { get; init; }

    /// <summary>What came of it.</summary>
    public required TestStatus Status { get; init; }

    /// <summary>How often it was to be run.</summary>
    public required int Runs { get; init; }

    /// <summary>Into how many parts each run was divided; 0 or 1 if it was not.</summary>
    public required int Shards { get; init; }

    /// <summary>How often a part was tried, at most.</summary>
    public required int Attempts { get; init; }

    /// <summary>How many results of parts there are.</summary>
    public required int Results { get; init; }

    /// <summary>How many of them the client had from before.</summary>
    public required int CachedLocally { get; init; }

    /// <summary>How many of them were found in a remote cache.</summary>
    public required int CachedRemotely { get; init; }

    /// <summary>How long all of them took, now or when the results were made that were found.</summary>
    public required double Seconds { get; init; }

    /// <summary>Where its log can be read, as the client has it; that of a part that failed, if one did. Empty if the client does not say.</summary>
    public required string Log { get; init; }
}
