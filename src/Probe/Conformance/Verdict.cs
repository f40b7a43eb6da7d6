namespace RemoteExec.Probe.Conformance;

/// <summary>What came of a check.</summary>
public enum Verdict
{
    /// <summary>The server does what the rule says.</summary>
    Pass,

    /// <summary>It does not.</summary>
    Fail,

    /// <summary>It does not offer what the rule is about, to this caller.</summary>
    NotOffered,
}
