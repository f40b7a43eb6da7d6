using RemoteExec.Trees.Pull;

namespace RemoteExec.Trees.Deploy;

/// <summary>What came of a deployment.</summary>
/// <param name="Release">The release that is in service.</param>
/// <param name="Path">Its directory.</param>
/// <param name="Before">The release that was in service before; null for none.</param>
/// <param name="IsUnchanged">True if it was in service already.</param>
/// <param name="Pulled">What was fetched for it.</param>
/// <param name="Deleted">The names of releases that are not kept any more.</param>
public sealed record DeployedRelease(Release Release, string Path, Release? Before, bool IsUnchanged, PulledTree Pulled, IReadOnlyList<string> Deleted);
