using RemoteExec.Probe.Load;

namespace RemoteExec.Probe.Tests.Load;

public sealed class LoadRunTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Mixes { get; } = [.. LoadMix.All.Where(mix => mix.Name != "read-64m").Select(mix => mix.Name)];

    [Theory]
    [MemberData(nameof(Mixes))]
    public async Task Every_mix_makes_as_many_calls_as_it_is_told_and_none_fails(string name)
    {
        await using ProbedServer server = await ProbedServer.StartAsync();

        LoadResult result = await RunAsync(server, name, new LoadPlan { Concurrency = 3, Count = 25, WarmUp = TimeSpan.Zero, Seed = 7 });

        Assert.Equal((25, 0, null), (result.Times.Count, result.Failures, result.FirstFailure));
        Assert.True(result.Elapsed > TimeSpan.Zero && result.Times.Percentile(50) <= result.Times.Longest);
    }

    [Theory]
    [InlineData("read-1k", 1024)]
    [InlineData("write-1m", 1024 * 1024)]
    [InlineData("batch-read-100x1k", 100 * 1024)]
    [InlineData("batch-update-100x1k", 100 * 1024)]
    public async Task Bytes_are_those_of_the_content(string name, int bytes)
    {
        await using ProbedServer server = await ProbedServer.StartAsync();

        Assert.Equal(4 * bytes, (await RunAsync(server, name, new LoadPlan { Concurrency = 2, Count = 4, WarmUp = TimeSpan.Zero })).Bytes);
    }

    [Fact]
    public async Task Calls_that_fail_are_counted_with_the_first_reason()
    {
        await using ProbedServer server = await ProbedServer.StartBrokenAsync();

        LoadResult result = await RunAsync(server, "batch-update-100x1k", new LoadPlan { Concurrency = 1, Count = 3, WarmUp = TimeSpan.Zero });
        ProbeException refused = await Assert.ThrowsAsync<ProbeException>(() => RunAsync(server, "get-action-result", new LoadPlan()));

        Assert.Equal((3, 0), (result.Times.Count, result.Failures));
        Assert.Equal(CallFailure.NotOffered, refused.Failure);
    }

    [Fact]
    public async Task A_time_ends_a_run()
    {
        await using ProbedServer server = await ProbedServer.StartAsync();

        LoadResult result = await RunAsync(server, "find-missing-1", new LoadPlan { Concurrency = 2, Duration = TimeSpan.FromMilliseconds(200), WarmUp = TimeSpan.FromMilliseconds(50) });

        Assert.True(result.Times.Count > 0);
        Assert.Equal(0, result.Failures);
    }

    private static Task<LoadResult> RunAsync(ProbedServer server, string name, LoadPlan plan) =>
        LoadRun.RunAsync([server.Channel], "load", LoadMix.All.Single(mix => mix.Name == name), plan, TimeProvider.System, Token);
}
