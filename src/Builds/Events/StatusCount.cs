namespace RemoteExec.Builds.Events;

/// <summary>Of how many targets or tests something came.</summary>
/// <typeparam name="TStatus">What may come of one.</typeparam>
/// <param name="Status">What came of them.</param>
/// <param name="Count">How many they are.</param>
public sealed record StatusCount<TStatus>(TStatus Status, long Count)
    where TStatus : struct, Enum;
