namespace RemoteExec.Trees.Deploy;

/// <summary>A release that is being put into service, or was when that was broken off.</summary>
/// <param name="Release">The release.</param>
/// <param name="Before">The name of the one that was in service before; null for none.</param>
/// <param name="IsRollback">True if it is one of those that were there, which somebody goes back to.</param>
internal sealed record UnfinishedRelease(Release Release, string? Before, bool IsRollback);
