namespace RemoteExec.Builds.Explain;

/// <summary>What came of a look at an action.</summary>
public enum SightingKind
{
    /// <summary>Its result was there.</summary>
    Hit,

    /// <summary>Its result was not there; whether it will be made is not known yet.</summary>
    Miss,

    /// <summary>It was executed here.</summary>
    Executed,

    /// <summary>The client executed it, and stored its result.</summary>
    Stored,
}
