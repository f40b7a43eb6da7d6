namespace RemoteExec.Python.Names;

/// <summary>The name of a project, normalised (PEP 503): lower case, with one <c>-</c> for each run of <c>-</c>, <c>_</c> and <c>.</c>. One that came to be is valid, and a name for a directory.</summary>
public readonly record struct ProjectName
{
    private const int MaxLength = 128;
    private readonly string? value;

    private ProjectName(string value) => this.value = value;

    /// <summary>The name.</summary>
    public string Value => value ?? "";

    /// <summary>Reads and normalises a name; false if it can't be one (PEP 508): letters, digits and <c>. _ -</c>, the first and the last a letter or a digit.</summary>
    public static bool TryParse(string text, out ProjectName name)
    {
        name = default;
        if (text.Length is 0 or > MaxLength || !char.IsAsciiLetterOrDigit(text[0]) || !char.IsAsciiLetterOrDigit(text[^1]))
            return false;
        var normal = new System.Text.StringBuilder(text.Length);
        foreach (char character in text)
        {
            if (char.IsAsciiLetterOrDigit(character))
                normal.Append(char.ToLowerInvariant(character));
            else if (character is not ('-' or '_' or '.'))
                return false;
            else if (normal[^1] != '-')
                normal.Append('-');
        }

        name = new ProjectName(normal.ToString());
        return true;
    }

    /// <summary>Reads a name that somebody wrote.</summary>
    /// <exception cref="PythonIndexException">It can't be one.</exception>
    public static ProjectName Parse(string text) =>
        TryParse(text, out ProjectName name) ? name : throw new PythonIndexException($"'{text}' is no name of a project: write letters, digits and . _ -, a letter or a digit first and last");

    /// <inheritdoc/>
    public override string ToString() => Value;
}
