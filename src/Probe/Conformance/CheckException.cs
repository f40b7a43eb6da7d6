namespace RemoteExec.Probe.Conformance;

/// <summary>A check did not pass.</summary>
/// <param name="verdict">What came of it.</param>
/// <param name="message">What the server did instead, or what it does not offer.</param>
public sealed class CheckException(Verdict verdict, string message) : Exception(message)
{
    /// <summary>What came of the check.</summary>
    public Verdict Verdict { get; } = verdict;
}
