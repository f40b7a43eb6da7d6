namespace RemoteExec.Cas.Stores.S3;

/// <summary>What the end of a pack says.</summary>
/// <param name="PackLength">How long the pack is.</param>
/// <param name="Entries">Its records; null if it is damaged.</param>
internal sealed record PackEnd(long PackLength, IReadOnlyList<PackEntry>? Entries);
