namespace RemoteExec.Images.Trees;

/// <summary>Two archives have different things at one path; the later one's is in the image.</summary>
/// <param name="Path">The path in the image.</param>
/// <param name="Earlier">The archive that lost.</param>
/// <param name="Later">The archive that won.</param>
public sealed record ImageConflict(string Path, string Earlier, string Later);
