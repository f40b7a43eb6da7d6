using RemoteExec.Images.Trees;
using RemoteExec.Protocol;

namespace RemoteExec.Images;

/// <summary>An image that is in the CAS, and how it came there.</summary>
/// <param name="Root">The digest of its root directory.</param>
/// <param name="Files">How many files it has.</param>
/// <param name="Bytes">How many bytes these have, each content once.</param>
/// <param name="Archives">What became of each archive, in the order of the recipe.</param>
/// <param name="Conflicts">Where a later archive won over an earlier one.</param>
public sealed record BuiltImage(Digest Root, int Files, long Bytes, IReadOnlyList<ArchiveOutcome> Archives, IReadOnlyList<ImageConflict> Conflicts);
