namespace RemoteExec.Probe.Diagnosis;

/// <summary>How well something is.</summary>
public enum FindingLevel
{
    /// <summary>As it should be.</summary>
    Ok,

    /// <summary>It could not be looked at, or there is nothing to look at.</summary>
    Skipped,

    /// <summary>It works, and will cost time or fail some day.</summary>
    Warning,

    /// <summary>It does not work.</summary>
    Failure,
}
