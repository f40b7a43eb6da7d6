using RemoteExec.Worker;

namespace RemoteExec.Benchmarks.Inputs;

/// <summary>Actions with one input root.</summary>
/// <param name="KnownOutput">One whose output has its parent in the tree.</param>
/// <param name="NewOutput">One for whose output a directory has to be made.</param>
/// <param name="LaidOut">The tree, on the disk.</param>
internal sealed record SampleRoot(ActionLease KnownOutput, ActionLease NewOutput, string LaidOut);
