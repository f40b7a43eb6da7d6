namespace RemoteExec.References;

/// <summary>What a reference is to become.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Target">What it is to name.</param>
/// <param name="ExpectedVersion">The version that it has to be at; 0 if there is to be none; null if that does not matter.</param>
/// <param name="TimeToLive">How long it is to live; null for ever.</param>
/// <param name="UpdatedBy">Who sets it; empty if that is not known.</param>
/// <param name="Note">A word of his.</param>
public sealed record ReferenceChange(ReferenceName Name, ReferenceTarget Target, long? ExpectedVersion, TimeSpan? TimeToLive, string UpdatedBy, string Note);
