namespace RemoteExec.Trees.Local;

/// <summary>One line of a file that says what is left out.</summary>
internal sealed class IgnoreRule
{
    private readonly GlobPattern pattern;
    private readonly bool isForDirectories;

    private IgnoreRule(GlobPattern pattern, bool isForDirectories, bool takesBack) =>
        (this.pattern, this.isForDirectories, TakesBack) = (pattern, isForDirectories, takesBack);

    /// <summary>True if what fits is not left out, though a line before said so.</summary>
    public bool TakesBack { get; }

    /// <summary>Reads a line as <c>.gitignore</c> has it; null for one that says nothing: an empty one, or a comment.</summary>
    public static IgnoreRule? Parse(string line)
    {
        string text = WithoutBlanks(line.TrimEnd('\r'));
        if (text.Length == 0 || text[0] == '#')
            return null;
        bool takesBack = text[0] == '!';
        text = takesBack ? text[1..] : text;
        bool isForDirectories = text.EndsWith('/');
        text = isForDirectories ? text[..^1] : text;
        bool isAnchored = text.Contains('/', StringComparison.Ordinal);
        text = text.StartsWith('/') ? text[1..] : text;
        return text.Length == 0 ? null : new IgnoreRule(new GlobPattern(text, isAnchored), isForDirectories, takesBack);
    }

    /// <summary>True if it is about this path, relative to where the line stands.</summary>
    public bool Fits(string path, bool isDirectory) => (isDirectory || !isForDirectories) && pattern.Matches(path);

    // Blanks at the end count only behind a backslash.
    private static string WithoutBlanks(string line)
    {
        int end = line.Length;
        while (end > 0 && line[end - 1] == ' ' && !(end > 1 && line[end - 2] == '\\'))
            end--;
        return line[..end];
    }
}
