namespace RemoteExec.Trees.Stored;

/// <summary>One path in which two trees differ.</summary>
/// <param name="Path">The path.</param>
/// <param name="Change">How.</param>
public sealed record TreeDifference(string Path, TreeChange Change);
