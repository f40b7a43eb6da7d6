using RemoteExec.Protocol;

namespace RemoteExec.Trees.Pull;

/// <summary>What came of a pull.</summary>
/// <param name="Root">The directory in the CAS.</param>
/// <param name="Directory">Where it is on this machine.</param>
/// <param name="IsUnchanged">True if it was there already.</param>
/// <param name="Files">How many files it has.</param>
/// <param name="Bytes">Their bytes.</param>
/// <param name="KeptFiles">How many of them were there already.</param>
/// <param name="FetchedBlobs">How many blobs were fetched from the server, chunks of blobs among them.</param>
/// <param name="FetchedBytes">Their bytes.</param>
public sealed record PulledTree(Digest Root, string Directory, bool IsUnchanged, int Files, long Bytes, int KeptFiles, int FetchedBlobs, long FetchedBytes);
