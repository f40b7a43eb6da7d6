namespace RemoteExec.Cas.Stores.S3;

/// <summary>What a node says when it comes to the log.</summary>
/// <param name="Epoch">The log that it knows.</param>
/// <param name="Answered">The last of its visits that was answered.</param>
/// <param name="Beat">This visit; each has a higher number.</param>
/// <param name="Cursor">The last entry that it has read.</param>
/// <param name="Ack">Up to which entry what leaves is forgotten, for good.</param>
/// <param name="Announcements">What it adds: a pack with <c>+</c> or <c>-</c> before it.</param>
internal sealed record PackLogVisit(string Epoch, long Answered, long Beat, long Cursor, long Ack, IReadOnlyList<string> Announcements);
