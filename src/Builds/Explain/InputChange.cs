namespace RemoteExec.Builds.Explain;

/// <summary>An input in which two actions differ.</summary>
/// <param name="Path">Its path below the input root; for a directory without children, with a slash at its end.</param>
/// <param name="Kind">How it differs.</param>
public sealed record InputChange(string Path, InputChangeKind Kind)
{
    /// <summary>What it was: a file's digest, a symlink's target, or the kind of node; null if it was not there.</summary>
    public string? Before { get; init; }

    /// <summary>What it is; null if it is not there.</summary>
    public string? After { get; init; }

    /// <summary>The path it had before, if it was renamed.</summary>
    public string? PathBefore { get; init; }

    /// <summary>The lines in which a small file of text differs, as <c>diff -u</c> prints them; null where it is not small or no text, or was not looked at.</summary>
    public string? TextDiff { get; init; }

    /// <summary>True if the client says that it is a tool of the action.</summary>
    public bool IsTool { get; init; }
}
