using RemoteExec.Protocol;

namespace RemoteExec.Trees.Push;

/// <summary>What came of a push.</summary>
/// <param name="Root">The directory in the CAS.</param>
/// <param name="Files">How many files it has, all together.</param>
/// <param name="Directories">How many directories, with itself.</param>
/// <param name="Symlinks">How many symlinks.</param>
/// <param name="Bytes">The bytes of all files.</param>
/// <param name="HashedFiles">How many files were read, as nothing was known of them.</param>
/// <param name="MissingBlobs">How many blobs the server lacked.</param>
/// <param name="MissingBytes">Their bytes.</param>
/// <param name="SentBytes">What of them was sent, as it was in no chunk that the server had either.</param>
/// <param name="Skipped">What was left out as it can be in no tree.</param>
public sealed record PushedTree(
    Digest Root, int Files, int Directories, int Symlinks, long Bytes, int HashedFiles, int MissingBlobs, long MissingBytes, long SentBytes, IReadOnlyList<string> Skipped);
