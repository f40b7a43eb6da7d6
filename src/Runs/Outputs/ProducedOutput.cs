using RemoteExec.Trees.Stored;

namespace RemoteExec.Runs.Outputs;

/// <summary>Something that a command made of what it was to make.</summary>
/// <param name="Path">Where it is below the root of the inputs, as it was declared.</param>
/// <param name="Node">What it is.</param>
public sealed record ProducedOutput(string Path, StoredNode Node);
