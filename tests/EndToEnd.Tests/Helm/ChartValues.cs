using System.Text;
using System.Text.RegularExpressions;

namespace RemoteExec.EndToEnd.Tests.Helm;

/// <summary>The chart's values, as values.yaml has them: keys, defaults, and the comments above them that begin with two dashes.</summary>
internal static partial class ChartValues
{
    private const string Begin = "<!-- values: begin. Made by ./dev docs out of values.yaml -->", End = "<!-- values: end -->";

    /// <summary>Every value: the path of its key, its default, and what is said of it.</summary>
    public static IReadOnlyList<(string Key, string Default, string? Comment)> Read(string yaml)
    {
        var values = new List<(string, string, string?)>();
        var path = new List<string>();
        string? comment = null;
        foreach (string line in yaml.Split('\n'))
        {
            if (Comment().Match(line) is { Success: true } said)
                comment = said.Groups["text"].Value;
            if (Key().Match(line) is not { Success: true } match)
                continue;
            int depth = match.Groups["indent"].Length / 2;
            path.RemoveRange(depth, path.Count - depth);
            path.Add(match.Groups["key"].Value);
            if (match.Groups["value"].Value is { Length: > 0 } value)
                values.Add((string.Join('.', path), value, comment));
            comment = null;
        }

        return values;
    }

    /// <summary>The chart's README with the table of values as they are.</summary>
    public static string WithTable(string readme, string yaml)
    {
        int begin = readme.IndexOf(Begin, StringComparison.Ordinal), end = readme.IndexOf(End, StringComparison.Ordinal);
        Assert.True(begin >= 0 && end > begin, "README.md has no place for the values");
        var table = new StringBuilder(readme[..begin]).Append(Begin).Append("\n\n| value | default | |\n|---|---|---|\n");
        foreach ((string key, string value, string? comment) in Read(yaml))
            table.Append($"| `{key}` | `{value.Replace("|", "\\|", StringComparison.Ordinal)}` | {comment?.Replace("|", "\\|", StringComparison.Ordinal)} |\n");
        return table.Append('\n').Append(readme[end..]).ToString();
    }

    [GeneratedRegex("^ *# -- (?<text>.+)$")]
    private static partial Regex Comment();

    [GeneratedRegex(@"^(?<indent>(?:  )*)(?<key>\w+):(?: (?<value>.+))?$")]
    private static partial Regex Key();
}
