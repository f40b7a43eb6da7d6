namespace RemoteExec.Images;

/// <summary>A small file that a recipe makes.</summary>
/// <param name="Path">Where, as a path in the image.</param>
/// <param name="Content">What is in it.</param>
/// <param name="IsExecutable">Whether it can be executed.</param>
public sealed record RecipeFile(string Path, ReadOnlyMemory<byte> Content, bool IsExecutable);
