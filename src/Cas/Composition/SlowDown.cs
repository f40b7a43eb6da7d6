namespace RemoteExec.Cas.Composition;

/// <summary>What a slow tier that is out of reach means for what the fast one lacks.</summary>
public enum SlowDown
{
    /// <summary>It is missing.</summary>
    Missing,

    /// <summary>It can't be told: the call fails.</summary>
    Error,
}
