using System.Globalization;

namespace RemoteExec.Builds.Explain;

/// <summary>Changes of inputs in sentences.</summary>
internal static class InputWords
{
    /// <summary>The cause that a change is, with how many others there are.</summary>
    public static Cause CauseOf(InputChange change, int others)
    {
        string more = others switch
        {
            0 => "",
            1 => " and another input differs",
            _ => string.Create(CultureInfo.InvariantCulture, $" and {others} other inputs differ"),
        };
        bool hasSubjectFirst = change.Kind is InputChangeKind.Content or InputChangeKind.Executable or InputChangeKind.NodeType or InputChangeKind.NodeProperties;
        return new Cause(KindOf(change.Kind), change.Path, (hasSubjectFirst ? "" : change.Kind == InputChangeKind.SymlinkTarget ? "the symlink " : "the input ") + Of(change) + more) { InputPath = change.Path };
    }

    /// <summary>What happened to an input, its path first.</summary>
    public static string Of(InputChange change) => change.Kind switch
    {
        InputChangeKind.Content => $"{change.Path} changed",
        InputChangeKind.Added => $"{change.Path} is new",
        InputChangeKind.Removed => $"{change.Path} is gone",
        InputChangeKind.Renamed => $"{change.Path} was {change.PathBefore} before",
        InputChangeKind.Executable => change.After?.Contains(" executable", StringComparison.Ordinal) == true ? $"{change.Path} can be executed now" : $"{change.Path} can't be executed any more",
        InputChangeKind.SymlinkTarget => $"{change.Path} leads elsewhere: {Excerpt.Of(change.Before ?? "", change.After ?? "")}",
        InputChangeKind.NodeType => $"{change.Path} was a {change.Before} and is a {change.After}",
        _ => $"the node properties of {change.Path} differ: {Excerpt.Of(change.Before ?? "", change.After ?? "")}",
    };

    private static CauseKind KindOf(InputChangeKind kind) => kind switch
    {
        InputChangeKind.Content => CauseKind.InputChanged,
        InputChangeKind.Added => CauseKind.InputAdded,
        InputChangeKind.Removed => CauseKind.InputRemoved,
        InputChangeKind.Renamed => CauseKind.InputRenamed,
        InputChangeKind.SymlinkTarget => CauseKind.Symlink,
        _ => CauseKind.InputMetadata,
    };
}
