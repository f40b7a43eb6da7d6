namespace RemoteExec.Probe.Conformance;

/// <summary>What came of a check with one server.</summary>
/// <param name="Check">The check.</param>
/// <param name="Verdict">What came of it.</param>
/// <param name="Reason">What the server did instead, or what it does not offer; empty if it passed.</param>
public sealed record CheckResult(Check Check, Verdict Verdict, string Reason);
