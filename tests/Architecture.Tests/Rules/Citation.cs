using System.Text.RegularExpressions;

namespace RemoteExec.Architecture.Tests.Rules;

/// <summary>A test that says it proves a rule.</summary>
/// <param name="RuleId">The rule's number.</param>
/// <param name="Path">The source file, below tests.</param>
/// <param name="Test">The name of the method, or of the class if all of it is meant.</param>
internal sealed partial record Citation(string RuleId, string Path, string Test)
{
    /// <summary>Finds the citations in the sources of the tests.</summary>
    public static IReadOnlyList<Citation> FindAll() =>
    [
        .. from source in SourceFile.Below("tests")
           from match in Attribute().Matches(source.Text).Cast<Match>()
           select new Citation(match.Groups["id"].Value, source.RelativePath, NameAfter(source, match.Index)),
    ];

    private static string NameAfter(SourceFile source, int index)
    {
        Match name = Declaration().Match(source.Text, index);
        return name.Success ? name.Groups["name"].Value : throw new InvalidOperationException($"{source.RelativePath} cites a rule and no test follows");
    }

    [GeneratedRegex("""\bRule\("(?<id>[A-Z]+-\d+)"\)""")]
    private static partial Regex Attribute();

    [GeneratedRegex(@"^\s*(?:public|internal) (?:[a-z]+ )*(?:class |Task |ValueTask |void )(?<name>\w+)", RegexOptions.Multiline)]
    private static partial Regex Declaration();
}
