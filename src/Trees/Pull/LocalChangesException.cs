using RemoteExec.Trees.Stored;

namespace RemoteExec.Trees.Pull;

/// <summary>A directory is not what was pulled into it: what somebody changed there would be lost.</summary>
/// <param name="directory">The directory.</param>
/// <param name="changes">What was changed; empty if it is not known, as nothing was ever pulled into it.</param>
public sealed class LocalChangesException(string directory, IReadOnlyList<TreeDifference> changes)
    : Exception(changes.Count == 0
        ? $"'{directory}' is not empty, and it was not pulled: choose another directory, or replace all that is in it with --force"
        : $"{Tell(directory, changes)}; push it, or give that up with --force")
{
    private const int MostTold = 10;

    /// <summary>What was changed since it was pulled.</summary>
    public IReadOnlyList<TreeDifference> Changes { get; } = changes;

    /// <summary>What was changed, in words; what can be done about it is for others to say.</summary>
    internal string Told { get; } = changes.Count == 0 ? $"'{directory}' was not pulled" : Tell(directory, changes);

    /// <summary>True if all that was pulled is there as it was, and something else besides.</summary>
    internal bool IsOnlyMore => Changes.Count > 0 && Changes.All(change => change.Change == TreeChange.Added);

    private static string Tell(string directory, IReadOnlyList<TreeDifference> changes)
    {
        IEnumerable<string> told = changes.Take(MostTold).Select(change => $"'{change.Path}' ({change.Change.ToString().ToLowerInvariant()})");
        string more = changes.Count > MostTold ? $", and {changes.Count - MostTold} more" : "";
        return $"'{directory}' was changed since it was pulled: {string.Join(", ", told)}{more}";
    }
}
