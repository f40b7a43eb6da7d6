namespace RemoteExec.Trees.Local;

/// <summary>What of a directory becomes a tree.</summary>
public sealed record ScanOptions
{
    /// <summary>The file that says, in each directory, what of it is left out.</summary>
    public const string IgnoreFile = ".remoteexecignore";

    /// <summary>All of it, and nothing that is no file, directory or symlink is a mistake: it is told in <see cref="LocalTree.Skipped"/>.</summary>
    internal static ScanOptions Everything { get; } = new() { ReadsIgnoreFiles = false, SkipsSpecial = true };

    /// <summary>Whether <see cref="IgnoreFile"/> counts.</summary>
    internal bool ReadsIgnoreFiles { get; init; } = true;

    /// <summary>Whether <c>.gitignore</c> counts as well; then <c>.git</c> is left out, too.</summary>
    public bool ReadsGitIgnore { get; init; }

    /// <summary>Patterns of what is left out, as lines of <see cref="IgnoreFile"/>; they stand above those.</summary>
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>Whether sockets, pipes, devices, and names that are no UTF-8 are left out, instead of being mistakes.</summary>
    public bool SkipsSpecial { get; init; }
}
