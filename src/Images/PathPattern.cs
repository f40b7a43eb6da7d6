using System.Text;
using System.Text.RegularExpressions;

namespace RemoteExec.Images;

/// <summary>
/// Paths that are meant together: <c>*</c> and <c>?</c> stand for characters of one segment, <c>**</c> for any number of segments. Who matches a directory matches all that is in it.
/// </summary>
public sealed class PathPattern
{
    private readonly Regex expression;

    /// <summary>Makes a pattern; every text is one.</summary>
    public PathPattern(string text)
    {
        Text = text;
        expression = new Regex($"^{Translate(text)}(?:/.*)?$", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.Singleline);
    }

    /// <summary>As it was written.</summary>
    public string Text { get; }

    /// <summary>True if a path, or a directory that it is in, fits.</summary>
    public bool Matches(string path) => expression.IsMatch(path);

    /// <inheritdoc/>
    public override string ToString() => Text;

    private static string Translate(string text)
    {
        var result = new StringBuilder();
        for (int i = 0; i < text.Length; i++)
        {
            string rest = text[i..];
            if (rest.StartsWith("**/", StringComparison.Ordinal))
                (_, i) = (result.Append("(?:.*/)?"), i + 2);
            else if (rest.StartsWith("**", StringComparison.Ordinal))
                (_, i) = (result.Append(".*"), i + 1);
            else
                result.Append(text[i] switch { '*' => "[^/]*", '?' => "[^/]", char other => Regex.Escape(other.ToString()) });
        }

        return result.ToString();
    }
}
