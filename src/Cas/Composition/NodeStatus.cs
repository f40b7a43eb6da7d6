namespace RemoteExec.Cas.Composition;

/// <summary>Whether a store that may be out of reach is, as the calls to it showed.</summary>
/// <param name="Name">What it is called in the store that watches it.</param>
/// <param name="IsInReach">False if the last call failed, and none has succeeded since.</param>
/// <param name="Since">When that became so; of one that never failed, when it was opened.</param>
public readonly record struct NodeStatus(string Name, bool IsInReach, DateTimeOffset Since);
