namespace RemoteExec.Architecture.Tests.Rules;

/// <summary>A rule of eng/rules.txt.</summary>
/// <param name="Section">The heading it stands under.</param>
/// <param name="Id">Its number, for example CAS-07.</param>
/// <param name="Says">What it says, in a line.</param>
/// <param name="Reason">Why no test cites it; null if tests do.</param>
internal sealed record Rule(string Section, string Id, string Says, string? Reason)
{
    /// <summary>Reads the rules.</summary>
    public static IReadOnlyList<Rule> ReadAll(IEnumerable<string> lines)
    {
        var rules = new List<Rule>();
        string section = "";
        foreach (string line in lines)
        {
            if (line.StartsWith("## ", StringComparison.Ordinal))
                section = line[3..];
            else if (line.StartsWith("- ", StringComparison.Ordinal))
                rules[^1] = rules[^1] with { Reason = line[2..] };
            else if (line.Length > 0 && line[0] != '#')
                rules.Add(new Rule(section, line.Split(' ', 2)[0], line.Split(' ', 2)[1], null));
        }

        return rules;
    }
}
