using RemoteExec.TestKit;

namespace RemoteExec.Architecture.Tests.Rules;

public sealed class RuleTests
{
    private static readonly IReadOnlyList<Rule> rules = Rule.ReadAll(File.ReadLines(Repository.Path("eng", "rules.txt")));
    private static readonly IReadOnlyList<Citation> citations = Citation.FindAll();

    [Fact]
    public void Every_rule_is_cited_by_a_test_or_has_a_reason()
    {
        HashSet<string> cited = [.. citations.Select(citation => citation.RuleId)];

        Assert.Empty(rules.Where(rule => rule.Reason is null && !cited.Contains(rule.Id)).Select(rule => $"{rule.Id} {rule.Says}"));
    }

    [Fact]
    public void No_rule_has_a_reason_although_a_test_cites_it()
    {
        HashSet<string> cited = [.. citations.Select(citation => citation.RuleId)];

        Assert.Empty(rules.Where(rule => rule.Reason is not null && cited.Contains(rule.Id)).Select(rule => rule.Id));
    }

    [Fact]
    public void No_test_cites_a_rule_that_there_is_not() =>
        Assert.Empty(citations.Where(citation => rules.All(rule => rule.Id != citation.RuleId)).Select(citation => $"{citation.RuleId} in {citation.Path}"));

    [Fact]
    public void A_rule_stands_once() => Assert.Equal(rules.Count, rules.DistinctBy(rule => rule.Id).Count());

    [Fact]
    public void The_scanner_finds_what_it_is_meant_to_find()
    {
        Assert.Contains(citations, citation => citation is { RuleId: "RMD-01", Path: "Protocol.Tests/RequestMetadataHeaderTests.cs" });
        Assert.True(citations.Count > 100, $"only {citations.Count} citations");
    }
}
