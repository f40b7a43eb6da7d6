namespace RemoteExec.Images;

/// <summary>What became of one archive.</summary>
/// <param name="Name">The archive.</param>
/// <param name="IsCached">True if nothing had to be done for it.</param>
/// <param name="Files">How many files are in it.</param>
/// <param name="Bytes">How many bytes these have, each content once.</param>
/// <param name="UploadedBlobs">How many blobs the server lacked.</param>
/// <param name="UploadedBytes">How many bytes these have.</param>
/// <param name="Notices">What of it is not in the image, or otherwise, in words; of archives that were unpacked alone.</param>
public sealed record ArchiveOutcome(string Name, bool IsCached, int Files, long Bytes, int UploadedBlobs, long UploadedBytes, IReadOnlyList<string> Notices);
