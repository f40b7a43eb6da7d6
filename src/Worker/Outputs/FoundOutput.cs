using RemoteExec.Native;

namespace RemoteExec.Worker.Outputs;

/// <summary>What an action has left at the place of a declared output.</summary>
/// <param name="Declared">The place.</param>
/// <param name="Found">What is there.</param>
internal sealed record FoundOutput(DeclaredOutput Declared, FoundNode Found)
{
    /// <summary>All that is in a directory, parents before children; empty for anything else.</summary>
    public IReadOnlyList<FoundNode> Content { get; init; } = [];

    /// <summary>True for a symlink that leads to a directory.</summary>
    public bool LeadsToDirectory { get; init; }

    /// <summary>The files among it.</summary>
    public IEnumerable<FoundNode> Files => Content.Prepend(Found).Where(node => node.Status.Kind == FileKind.File);
}
