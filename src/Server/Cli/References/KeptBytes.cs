namespace RemoteExec.Server.Cli.References;

/// <summary>What a reference keeps.</summary>
/// <param name="Name">The reference; empty for all together.</param>
/// <param name="Blobs">How many blobs, directories among them.</param>
/// <param name="Bytes">How long they are together, each counted once.</param>
/// <param name="OwnBytes">Of these, what no other reference keeps: what would be free without it.</param>
/// <param name="Expires">When it ends; null for never.</param>
/// <param name="Problem">Why it can't be told; empty if it can.</param>
internal sealed record KeptBytes(string Name, int Blobs, long Bytes, long OwnBytes, DateTimeOffset? Expires, string Problem);
