using RemoteExec.Native;
using RemoteExec.Worker.Outputs;
using Difference = RemoteExec.Protocol.Audits.SecondRun.Types.Difference;

namespace RemoteExec.Worker.Audit;

/// <summary>Compares the outputs that two runs of one action have left.</summary>
internal static class OutputComparison
{
    /// <summary>All that differs in what a result would say of them.</summary>
    public static IEnumerable<Difference> Compare(IReadOnlyList<FoundOutput> first, IReadOnlyList<FoundOutput> second)
    {
        Dictionary<string, FoundNode> before = NodesOf(first), after = NodesOf(second);
        foreach (string path in before.Keys.Union(after.Keys).Order(StringComparer.Ordinal))
        {
            if (Compare(path, before.GetValueOrDefault(path), after.GetValueOrDefault(path)) is { } difference)
                yield return difference;
        }
    }

    private static Difference? Compare(string path, FoundNode? first, FoundNode? second)
    {
        if (first is null || second is null)
            return new Difference { Path = path, What = first is null ? "made by the second run only" : "made by the first run only" };
        if (first.Status.Kind != second.Status.Kind)
            return new Difference { Path = path, What = $"{Word(first)} in the first run, {Word(second)} in the second" };
        if (first.Target != second.Target)
            return new Difference { Path = path, What = $"a symlink to '{first.Target}' in the first run, to '{second.Target}' in the second" };
        if (first.Status.Kind == FileKind.File && first.Status.IsExecutable != second.Status.IsExecutable)
            return new Difference { Path = path, What = $"executable in the {(first.Status.IsExecutable ? "first" : "second")} run only" };
        return first.Status.Kind == FileKind.File ? FileComparison.Compare(path, first.Path, second.Path) : null;
    }

    private static Dictionary<string, FoundNode> NodesOf(IReadOnlyList<FoundOutput> outputs)
    {
        var nodes = new Dictionary<string, FoundNode>(StringComparer.Ordinal);
        foreach (FoundOutput output in outputs)
        {
            nodes[output.Declared.Path] = output.Found;
            foreach (FoundNode node in output.Content)
                nodes[$"{output.Declared.Path}/{node.Relative}"] = node;
        }

        return nodes;
    }

    private static string Word(FoundNode node) => node.Status.Kind switch
    {
        FileKind.Directory => "a directory",
        FileKind.Symlink => "a symlink",
        _ => "a file",
    };
}
