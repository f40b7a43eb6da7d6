namespace RemoteExec.Builds.Sharing;

/// <summary>What a look at a stream has shown.</summary>
/// <param name="Position">Up to where.</param>
/// <param name="Entries">What is new, in order.</param>
/// <param name="HasMore">True if there was more than is taken at a time.</param>
internal sealed record StreamView(StreamPosition Position, IReadOnlyList<SharedEntry> Entries, bool HasMore);
