using RemoteExec.Runs.Remote;
using RemoteExec.Trees.Stored;

namespace RemoteExec.Runs.Determinism;

/// <summary>One of several runs of an action.</summary>
/// <param name="Number">Which one; the first is 1.</param>
/// <param name="Run">How it ended.</param>
/// <param name="Files">What it made, file by file: those of directories as well. By path.</param>
public sealed record RepeatedRun(int Number, FinishedRun Run, IReadOnlyDictionary<string, StoredNode> Files);
