namespace RemoteExec.Builds.Records;

/// <summary>What all actions came to within an hour or a day. An action counts where it was last heard of.</summary>
/// <param name="Begin">When it began.</param>
/// <param name="Sums">What they came to.</param>
public sealed record PeriodSums(DateTimeOffset Begin, ActionSums Sums);
