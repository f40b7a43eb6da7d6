using RemoteExec.Probe.Diagnosis;

namespace RemoteExec.Probe.Tests.Diagnosis;

public sealed class BazelFindingsTests
{
    [Theory]
    [InlineData("build --remote_timeout=5", "--remote_timeout=5: large blobs")]
    [InlineData("build --remote_timeout=30s", "--remote_timeout=30s: large blobs")]
    [InlineData("build:ci --experimental_remote_cache_ttl=24h", "three hours")]
    [InlineData("build --remote_retries=0", "a server that restarts ends the build")]
    [InlineData("build --noremote_accept_cached", "nothing comes out of the cache")]
    [InlineData("build --remote_local_fallback", "slow builds only")]
    [InlineData("build --stamp", "miss with each commit")]
    [InlineData("test --action_env=PATH", "part of every action")]
    [InlineData("build \"--remote_header=Authorization=Bearer secret\"", "a token stands in it")]
    [InlineData("build --remote_header=\"authorization=Bearer secret\"", "a token stands in it")]
    public void What_hurts_is_told(string line, string expected)
    {
        Finding finding = Assert.Single(BazelFindings.Of($"# a comment --stamp\n{line}\n", null));

        Assert.Equal(FindingLevel.Warning, finding.Level);
        Assert.Contains(expected, finding.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", finding.ToString(), StringComparison.Ordinal);
        Assert.NotNull(finding.Fix);
    }

    [Theory]
    [InlineData("build --remote_timeout=600 --remote_retries=5")]
    [InlineData("build --remote_timeout=10m")]
    [InlineData("build --action_env=PATH=/usr/bin:/bin")]
    [InlineData("build --remote_cache=grpc://a:1 --incompatible_strict_action_env")]
    [InlineData("# build --remote_retries=0")]
    [InlineData("")]
    public void What_is_good_is_not(string line) => Assert.Empty(BazelFindings.Of(line, null));

    [Fact]
    public async Task What_the_caller_may_not_is_a_failure()
    {
        await using ProbedServer server = await ProbedServer.StartAsync("actionCache.updates=false", "worker.slots=0", "execution.enabled=false");
        Introduction introduction = await Introduction.AskAsync(server.Channel, "", TestContext.Current.CancellationToken);

        Finding[] findings = [.. BazelFindings.Of("build --remote_executor=grpc://a:1 --incompatible_strict_action_env", introduction)];

        Assert.All(findings, finding => Assert.Equal(FindingLevel.Failure, finding.Level));
        Assert.Contains(findings, finding => finding.Fix == "write --remote_cache instead");
        Assert.Contains(findings, finding => finding.Fix == "add build --noremote_upload_local_results");
    }
}
