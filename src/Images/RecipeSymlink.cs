namespace RemoteExec.Images;

/// <summary>A symlink that a recipe makes.</summary>
/// <param name="Path">Where, as a path in the image.</param>
/// <param name="Target">What it says; kept as it is. One that begins with <c>/</c> means the root of the image.</param>
public sealed record RecipeSymlink(string Path, string Target);
