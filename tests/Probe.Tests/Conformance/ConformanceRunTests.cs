using RemoteExec.Probe.Conformance;

namespace RemoteExec.Probe.Tests.Conformance;

public sealed class ConformanceRunTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("")]
    [InlineData("team/app")]
    public async Task The_server_passes_all_that_it_offers(string instance)
    {
        await using ProbedServer server = await ProbedServer.StartAsync();

        List<CheckResult> results = await RunAsync(server, instance);

        Assert.Empty(results.Where(result => result.Verdict == Verdict.Fail).Select(result => $"{result.Check.Rule} {result.Check.Says}: {result.Reason}"));
        Assert.True(results.Count(result => result.Verdict == Verdict.Pass) >= 100, $"only {results.Count(result => result.Verdict == Verdict.Pass)} passed");
        Assert.DoesNotContain(results, result => result.Check.Rule == "CAP-04" && result.Verdict == Verdict.NotOffered);
    }

    [Fact]
    public async Task What_a_server_does_not_offer_is_not_held_against_it()
    {
        await using ProbedServer server = await ProbedServer.StartAsync("actionCache.updates=false");

        List<CheckResult> results = await RunAsync(server, "");

        Assert.DoesNotContain(results, result => result.Verdict == Verdict.Fail);
        Assert.Equal(Verdict.Pass, Assert.Single(results, result => result.Check.Rule == "AC-08").Verdict);
        Assert.All(results.Where(result => result.Check.Rule == "AC-11"), result => Assert.Equal((Verdict.NotOffered, "results can't be updated, by this caller"), (result.Verdict, result.Reason)));
    }

    [Theory]
    [InlineData("CAS-07", "for that blob alone")]
    [InlineData("CAS-09", "a batch over the limit")]
    [InlineData("CAS-14", "not visible")]
    [InlineData("CAS-15", "reading a batch over the limit")]
    [InlineData("BSW-05", "another hash")]
    [InlineData("DIG-03", "never missing")]
    [InlineData("DIG-03", "BatchReadBlobs")]
    public async Task A_server_that_breaks_a_rule_fails_it_and_goes_on(string rule, string says)
    {
        await using ProbedServer server = await ProbedServer.StartBrokenAsync();

        List<CheckResult> results = await RunAsync(server, "");

        CheckResult result = Assert.Single(results, result => result.Check.Rule == rule && result.Check.Says.Contains(says, StringComparison.Ordinal));
        Assert.Equal(Verdict.Fail, result.Verdict);
        Assert.NotEmpty(result.Reason);
        Assert.Equal(Check.All.Count, results.Count);
        Assert.Contains(results, other => other is { Verdict: Verdict.Pass, Check.Rule: "CAS-01" });
        Assert.Contains(results, other => other is { Verdict: Verdict.NotOffered, Check.Rule: "AC-01", Reason: "it does not have the method" });
    }

    [Fact]
    public async Task A_server_that_tells_nothing_can_not_be_tried()
    {
        await using ProbedServer server = await ProbedServer.StartAsync();

        ProbeException exception = await Assert.ThrowsAsync<ProbeException>(() => RunAsync(server, "a/blobs/b"));

        Assert.Equal(CallFailure.Refused, exception.Failure);
    }

    [Fact]
    public void Checks_are_about_rules_that_there_are_and_no_two_say_the_same()
    {
        HashSet<string> rules = [.. File.ReadLines(Repository.Path("eng", "rules.txt")).Select(line => line.Split(' ')[0])];

        Assert.Empty(Check.All.Select(check => check.Rule).Except(rules));
        Assert.Equal(Check.All.Count, Check.All.DistinctBy(check => (check.Rule, check.Says)).Count());
        Assert.True(Check.All.Select(check => check.Rule).Distinct().Count() >= 60, $"only {Check.All.Select(check => check.Rule).Distinct().Count()} rules");
    }

    private static async Task<List<CheckResult>> RunAsync(ProbedServer server, string instance) =>
        await ConformanceRun.RunAsync(server.Channel, instance, seed: 1, Check.All, Token).ToListAsync(Token);
}
