namespace RemoteExec.Builds.Records;

/// <summary>What came of an action in a build, all in all. The numbers are on disk.</summary>
public enum ActionOutcome
{
    /// <summary>Its result was in the cache.</summary>
    Hit = 0,

    /// <summary>It was not in the cache, and nothing more is known: the client runs it itself, or it is under way.</summary>
    Miss = 1,

    /// <summary>It was not in the cache; the client ran it itself and stored the result.</summary>
    Stored = 2,

    /// <summary>It was run by a worker for this build, with success.</summary>
    Executed = 3,

    /// <summary>It was run by a worker for another build at the same time, with success.</summary>
    Merged = 4,

    /// <summary>Its execution ended otherwise: with another exit code than 0, or without one.</summary>
    Failed = 5,
}
