namespace RemoteExec.Builds.Events;

/// <summary>A target, as the client tells of it.</summary>
/// <param name="Label">Its label.</param>
/// <param name="Kind">What it is: <c>cc_library rule</c>. Empty if the client does not say.</param>
/// <param name="Status">What came of it.</param>
/// <param name="Problem">What went wrong, if it was not an action of it; empty otherwise.</param>
public sealed record TargetReport(string Label, string Kind, TargetStatus Status, string Problem);
