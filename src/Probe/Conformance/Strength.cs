namespace RemoteExec.Probe.Conformance;

/// <summary>How much of a rule is in the API's own text.</summary>
public enum Strength
{
    /// <summary>The API demands it: clients may rely on it.</summary>
    Must,

    /// <summary>The API recommends it, or leaves it open and clients are better off with it.</summary>
    Should,
}
