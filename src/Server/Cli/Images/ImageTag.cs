namespace RemoteExec.Server.Cli.Images;

/// <summary>A name that somebody gave an image on this machine.</summary>
/// <param name="Name">The name.</param>
/// <param name="Root">The image, as <c>function:hash/size</c>.</param>
/// <param name="Instance">The instance that it is in.</param>
/// <param name="Files">How many files it has.</param>
/// <param name="Bytes">How many bytes these have.</param>
/// <param name="Built">When it was built.</param>
internal sealed record ImageTag(string Name, string Root, string Instance, int Files, long Bytes, DateTimeOffset Built);
