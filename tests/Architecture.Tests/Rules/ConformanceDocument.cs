using System.Globalization;
using System.Text;

namespace RemoteExec.Architecture.Tests.Rules;

/// <summary>docs/conformance.md: each rule with the tests that prove it, or why none does.</summary>
internal static class ConformanceDocument
{
    /// <summary>Writes it.</summary>
    public static string Write(IReadOnlyList<Rule> rules, IReadOnlyList<Citation> citations)
    {
        ILookup<string, Citation> tests = citations.ToLookup(citation => citation.RuleId);
        int proven = rules.Count(rule => tests.Contains(rule.Id));
        var text = new StringBuilder("""
            # Conformance

            <!-- Made by ./dev docs out of eng/rules.txt and the tests. Don't edit. -->

            The rules of the Remote Execution API that this server keeps, and what clients need beyond them, each with the tests that prove it.


            """);
        text.Append(CultureInfo.InvariantCulture, $"{rules.Count} rules: {proven} proven by tests, {rules.Count - proven} not applicable.\n");
        foreach (IGrouping<string, Rule> section in rules.GroupBy(rule => rule.Section))
        {
            text.Append(CultureInfo.InvariantCulture, $"\n## {section.Key}\n\n| rule | says | proven by |\n|---|---|---|\n");
            foreach (Rule rule in section)
                text.Append(CultureInfo.InvariantCulture, $"| {rule.Id} | {rule.Says} | {(tests.Contains(rule.Id) ? string.Join("<br>", tests[rule.Id].Select(Show).Distinct()) : $"*{rule.Reason}*")} |\n");
        }

        return text.ToString();
    }

    private static string Show(Citation citation) => $"[{citation.Test.Replace('_', ' ')}](../tests/{citation.Path})";
}
