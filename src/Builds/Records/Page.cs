namespace RemoteExec.Builds.Records;

/// <summary>Some of a list.</summary>
/// <param name="Items">What there is.</param>
/// <param name="Next">The cursor for what follows; null if this is the end.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);
