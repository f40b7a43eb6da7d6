namespace RemoteExec.Python.Names;

/// <summary>Some projects: one by its name, or with a <c>*</c> at the end all whose names begin so.</summary>
public sealed class ProjectPattern
{
    private readonly string name;
    private readonly bool isPrefix;

    private ProjectPattern(string name, bool isPrefix) => (this.name, this.isPrefix) = (name, isPrefix);

    /// <summary>Reads a pattern; null if it is none.</summary>
    public static ProjectPattern? TryParse(string text)
    {
        if (text == "*")
            return new ProjectPattern("", true);
        bool isPrefix = text.EndsWith('*');
        string rest = isPrefix ? text[..^1] : text;
        bool endsWithSeparator = isPrefix && rest.Length > 1 && rest[^1] is '-' or '_' or '.';
        return ProjectName.TryParse(endsWithSeparator ? rest[..^1] : rest, out ProjectName project) ? new ProjectPattern(endsWithSeparator ? project.Value + '-' : project.Value, isPrefix) : null;
    }

    /// <summary>True if it means a project.</summary>
    public bool Fits(ProjectName project) => isPrefix ? project.Value.StartsWith(name, StringComparison.Ordinal) : project.Value == name;
}
