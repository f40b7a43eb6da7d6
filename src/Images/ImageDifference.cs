namespace RemoteExec.Images;

/// <summary>One path in which two images differ.</summary>
/// <param name="Path">The path.</param>
/// <param name="Change">How.</param>
public sealed record ImageDifference(string Path, ImageChange Change);
