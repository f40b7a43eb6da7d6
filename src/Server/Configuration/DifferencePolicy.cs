namespace RemoteExec.Server.Configuration;

/// <summary>What becomes of the result of an action that is not deterministic.</summary>
internal enum DifferencePolicy
{
    /// <summary>It is told.</summary>
    Report,

    /// <summary>It is told, and the result is not cached.</summary>
    Quarantine,
}
