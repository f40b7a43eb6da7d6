namespace RemoteExec.Runs.Determinism;

/// <summary>A member in which two archives differ.</summary>
/// <param name="Name">Its name; empty for the archives themselves.</param>
/// <param name="Aspects">In what: <c>time: … / …</c>, <c>owner: … / …</c>, <c>order</c>, <c>only in the first</c>.</param>
/// <param name="Content">Where its content differs; null if that is the same.</param>
public sealed record MemberDifference(string Name, IReadOnlyList<string> Aspects, ContentDifference? Content);
