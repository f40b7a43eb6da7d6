namespace RemoteExec.Python.Names;

/// <summary>The name of an index: a part of its path, and of the references that hold it.</summary>
public readonly record struct IndexName
{
    private const int MaxLength = 64;

    private IndexName(string value) => Value = value;

    /// <summary>The name.</summary>
    public string Value { get; }

    /// <summary>How references of indexes begin.</summary>
    public const string Prefix = "pypi/";

    /// <summary>The reference of what was put into it.</summary>
    public string Reference => Prefix + Value;

    /// <summary>The reference of what came from its upstream.</summary>
    public string UpstreamReference => $"{Prefix}{Value}/upstream";

    /// <summary>The reference of when its files were used.</summary>
    public string UsesReference => $"{Prefix}{Value}/uses";

    /// <summary>Reads a name; false if it can't be one: letters, digits and <c>. _ -</c>, a letter or a digit first.</summary>
    public static bool TryParse(string text, out IndexName name)
    {
        bool isGood = text.Length is > 0 and <= MaxLength && char.IsAsciiLetterOrDigit(text[0]) && text.All(character => char.IsAsciiLetterOrDigit(character) || character is '.' or '_' or '-');
        name = isGood ? new IndexName(text) : default;
        return isGood;
    }

    /// <summary>Reads a name that somebody wrote.</summary>
    /// <exception cref="PythonIndexException">It can't be one.</exception>
    public static IndexName Parse(string text) =>
        TryParse(text, out IndexName name) ? name : throw new PythonIndexException($"'{text}' is no name of an index: write letters, digits and . _ -, a letter or a digit first, {MaxLength} at most");

    /// <inheritdoc/>
    public override string ToString() => Value;
}
