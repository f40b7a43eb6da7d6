using RemoteExec.Builds.Records;

namespace RemoteExec.Builds.Critical;

/// <summary>An action of a critical path.</summary>
/// <param name="Action">The action.</param>
/// <param name="Seconds">How long its command runs: now, or when the result was made that was found.</param>
/// <param name="EndSeconds">How long the path takes to its end.</param>
/// <param name="Input">Of what the one before it makes, a path that it takes, as it stands among its inputs; empty for the first.</param>
public sealed record CriticalStep(ActionSummary Action, double Seconds, double EndSeconds, string Input);
