namespace RemoteExec.Cas.Composition;

/// <summary>What is written to the slow tier.</summary>
public enum SlowWrites
{
    /// <summary>All; a write that the slow tier does not take fails.</summary>
    Required,

    /// <summary>All; what the slow tier does not take it gets in the background.</summary>
    Optional,

    /// <summary>Nothing.</summary>
    None,
}
