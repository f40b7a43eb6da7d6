namespace RemoteExec.Cas.Stores.S3;

/// <summary>What a node finds in the log when it comes.</summary>
/// <param name="IsKnown">False if the node was not known as it was at its last visit: then it reads from the start.</param>
/// <param name="Epoch">The log; another one after Redis lost it.</param>
/// <param name="Floor">Up to where entries were cut off.</param>
/// <param name="Entries">The entries after the node's cursor, in their order, or the first of them.</param>
internal sealed record PackLogPage(bool IsKnown, string Epoch, long Floor, IReadOnlyList<PackLogEntry> Entries);
