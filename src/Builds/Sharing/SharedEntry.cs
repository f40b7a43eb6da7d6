namespace RemoteExec.Builds.Sharing;

/// <summary>What one server tells the others at a time.</summary>
/// <param name="Origin">The file that it comes from: each has an id of its own.</param>
/// <param name="Sequence">Its number among those of that file, without gaps.</param>
/// <param name="Payload">What it tells; null where nobody asked for that.</param>
internal readonly record struct SharedEntry(string Origin, long Sequence, byte[]? Payload);
