namespace RemoteExec.Builds.Explain;

/// <summary>How much of two actions could be compared.</summary>
public enum ExplanationConfidence
{
    /// <summary>All of them.</summary>
    Complete,

    /// <summary>A part: what is named differs, but something else may, too.</summary>
    Partial,

    /// <summary>Nothing: there is no earlier action, or none that can be read.</summary>
    None,
}
