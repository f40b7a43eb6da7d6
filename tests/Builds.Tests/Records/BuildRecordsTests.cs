using RemoteExec.Builds.Records;
using RemoteExec.Cas.Builds;

namespace RemoteExec.Builds.Tests.Records;

public sealed class BuildRecordsTests : IAsyncLifetime
{
    private readonly TemporaryDirectory directory = new();
    private readonly RecordingLogger logger = new();
    private readonly ManualTimeProvider time = new();
    private BuildRecords records = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string FilePath => directory["builds.db"];

    public ValueTask InitializeAsync()
    {
        records = Open();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await records.DisposeAsync();
        directory.Dispose();
    }

    [Fact]
    public async Task A_build_has_its_hits_misses_and_executions()
    {
        Tell(Call(CallKind.Hit, 1) with { Run = TimeSpan.FromSeconds(3) });
        Tell(Call(CallKind.Hit, 2));
        Tell(Call(CallKind.Miss, 3));
        Tell(Call(CallKind.Miss, 4));
        Tell(Call(CallKind.Executed, 4) with { Outcome = "ok", Run = TimeSpan.FromSeconds(5) });
        Tell(Call(CallKind.Miss, 5));
        Tell(Call(CallKind.Stored, 5));
        Tell(Call(CallKind.Executed, 6) with { Outcome = "nonzero_exit", ExitCode = 1, Run = TimeSpan.FromSeconds(1) });
        Tell(Call(CallKind.Executed, 7) with { Outcome = "ok", IsMerged = true, Run = TimeSpan.FromSeconds(9) });
        Tell(Call(CallKind.Executed, 8) with { Outcome = "cached", Run = TimeSpan.FromSeconds(2) });
        Tell(Call(CallKind.Read, 1) with { Bytes = 100 });
        Tell(Call(CallKind.Written, 5) with { Bytes = 30 });

        BuildSummary build = Assert.Single((await records.ListAsync(new BuildQuery(), Token)).Items);

        Assert.Equal(("build-1", "bazel", "4.2.3", ""), (build.Invocation, build.Tool, build.ToolVersion, build.Instance));
        Assert.Equal(
            new ActionSums
            {
                Actions = 8,
                Hits = 3,
                Misses = 5,
                Executed = 1,
                Merged = 1,
                Failed = 1,
                Stored = 1,
                HitsWithoutTime = 1,
                TimeSavedSeconds = 5,
                QueueSeconds = 0.08,
                RunSeconds = 6,
                BytesSent = 100,
                BytesReceived = 30,
            },
            build.Sums);
        Assert.Equal(12, build.Calls);
    }

    [Fact]
    public async Task An_action_is_counted_once_however_often_and_when_it_is_heard_of()
    {
        Tell(Call(CallKind.Miss, 1));
        await records.ListAsync(new BuildQuery(), Token);
        Tell(Call(CallKind.Miss, 1));
        Tell(Call(CallKind.Executed, 1) with { Outcome = "ok", Run = TimeSpan.FromSeconds(5) });
        await records.ListAsync(new BuildQuery(), Token);
        Tell(Call(CallKind.Executed, 1) with { Outcome = "ok", Run = TimeSpan.FromSeconds(5) });

        BuildDetails? build = await records.FindAsync("build-1", Token);
        Page<ActionSummary>? actions = await records.ListActionsAsync("build-1", new ActionQuery(), Token);

        Assert.Equal((1, 1, 5.0), (build!.Build.Sums.Actions, build.Build.Sums.Executed, build.Build.Sums.RunSeconds));
        Assert.Equal(build.Build.Sums, Assert.Single(build.Mnemonics).Sums);
        ActionSummary action = Assert.Single(actions!.Items);
        Assert.Equal((ActionOutcome.Executed, "ok", "worker-1", 5.0), (action.Outcome, action.Ending, action.Worker, action.RunSeconds));
    }

    [Fact]
    public async Task A_hit_that_was_of_no_use_and_is_executed_is_none()
    {
        Tell(Call(CallKind.Hit, 1) with { Run = TimeSpan.FromSeconds(3) });
        Tell(Call(CallKind.Executed, 1) with { Outcome = "ok", Run = TimeSpan.FromSeconds(4) });

        ActionSums sums = Assert.Single((await records.ListAsync(new BuildQuery(), Token)).Items).Sums;

        Assert.Equal((1, 0, 1, 0.0, 0), (sums.Actions, sums.Hits, sums.Executed, sums.TimeSavedSeconds, sums.HitsWithoutTime));
    }

    [Fact]
    public async Task Builds_of_different_instances_are_different_whatever_they_call_themselves()
    {
        Tell(Call(CallKind.Miss, 1));
        Tell(new ToldCall(CallKind.Hit, ToldCall.ActionOf(1, "team")));

        Page<BuildSummary> page = await records.ListAsync(new BuildQuery(), Token);

        Assert.Equal(2, page.Items.Select(build => build.Id).Distinct().Count());
        Assert.Equal(["", "team"], page.Items.Select(build => build.Instance).Order());
        Assert.Equal("team", Assert.Single((await records.ListAsync(new BuildQuery { Instance = "team" }, Token)).Items).Instance);
    }

    [Fact]
    public async Task Calls_that_name_no_build_are_one_for_each_tool_and_hour()
    {
        ToldCall nameless = Call(CallKind.Hit, 1) with { Invocation = null, UserAgent = "ccache/4.8.2" };
        Tell(nameless);
        Tell(nameless with { Kind = CallKind.Miss, Digest = ToldCall.ActionOf(2) });
        time.Advance(TimeSpan.FromHours(1));
        Tell(nameless);
        Tell(nameless with { UserAgent = "curl/8.0" });
        Tell(nameless with { UserAgent = null });

        Page<BuildSummary> page = await records.ListAsync(new BuildQuery(), Token);

        Assert.Equal(["ccache 1", "ccache 2", "curl 1", "unknown 1"], page.Items.Select(build => $"{build.Tool} {build.Sums.Actions}").Order());
    }

    [Fact]
    public async Task A_restart_keeps_builds_and_what_goes_on_is_counted_on()
    {
        Tell(Call(CallKind.Miss, 1));
        Tell(Call(CallKind.Hit, 2) with { Run = TimeSpan.FromSeconds(3) });

        await records.DisposeAsync();
        records = Open();
        Tell(Call(CallKind.Executed, 1) with { Outcome = "ok", Run = TimeSpan.FromSeconds(2) });
        Tell(Call(CallKind.Hit, 2) with { Run = TimeSpan.FromSeconds(3) });
        Tell(Call(CallKind.Hit, 3));

        ActionSums sums = Assert.Single((await records.ListAsync(new BuildQuery(), Token)).Items).Sums;
        Assert.Equal((3, 2, 1, 3.0, 2.0), (sums.Actions, sums.Hits, sums.Executed, sums.TimeSavedSeconds, sums.RunSeconds));
    }

    [Fact]
    public async Task A_build_that_was_silent_for_long_goes_on_as_the_same()
    {
        Tell(Call(CallKind.Miss, 1));
        await records.ListAsync(new BuildQuery(), Token);
        time.Advance(BuildRecorder.Patience + TimeSpan.FromSeconds(1));
        await records.ListAsync(new BuildQuery(), Token);
        Tell(Call(CallKind.Stored, 1));

        BuildSummary build = Assert.Single((await records.ListAsync(new BuildQuery(), Token)).Items);

        Assert.Equal((1, 1), (build.Sums.Actions, build.Sums.Stored));
        Assert.Equal(BuildRecorder.Patience + TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(build.DurationSeconds));
    }

    [Fact]
    public async Task Builds_that_are_too_old_go()
    {
        Tell(Call(CallKind.Miss, 1));
        await records.ListAsync(new BuildQuery(), Token);
        time.Advance(TimeSpan.FromDays(31));
        Tell(Call(CallKind.Miss, 2) with { Invocation = "build-2" });

        Assert.Equal(["build-2"], (await records.ListAsync(new BuildQuery(), Token)).Items.Select(build => build.Invocation));
        Assert.Null(await records.FindAsync("build-1", Token));
        Assert.Equal(1, Assert.Single(await records.SumAsync(ToldCall.Began, byDay: true, null, null, Token)).Sums.Actions);
    }

    [Fact]
    public async Task Builds_that_are_too_many_go_the_oldest_first_and_the_file_shrinks()
    {
        await records.DisposeAsync();
        records = Open(maxBytes: 1 << 20);
        for (int build = 0; build < 40; build++)
        {
            for (int action = 0; action < 1000; action++)
                Tell(Call(CallKind.Hit, (build * 1000) + action) with { Invocation = $"build-{build}" });
            time.Advance(TimeSpan.FromMinutes(10));
            await records.ListAsync(new BuildQuery(), Token);
        }

        IReadOnlyList<BuildSummary> left = (await records.ListAsync(new BuildQuery(), Token)).Items;

        Assert.InRange(left.Count, 2, 39);
        Assert.Equal(Enumerable.Range(40 - left.Count, left.Count).Reverse().Select(build => $"build-{build}"), left.Select(build => build.Invocation));
        await records.DisposeAsync();
        records = Open();
        Assert.InRange(new FileInfo(FilePath).Length, 1, 3 << 19);
    }

    [Fact]
    public async Task Pages_have_everything_once()
    {
        for (int build = 0; build < 7; build++)
        {
            Tell(Call(CallKind.Miss, build) with { Invocation = $"build-{build}" });
            time.Advance(TimeSpan.FromMilliseconds(build % 2)); // some begin at the same time
        }

        var seen = new List<string>();
        for (BuildQuery? query = new() { Limit = 3 }; query is not null;)
        {
            Page<BuildSummary> page = await records.ListAsync(query, Token);
            seen.AddRange(page.Items.Select(build => build.Invocation));
            query = page.Next is null ? null : query with { After = page.Next };
        }

        Assert.Equal(7, seen.Count);
        Assert.Equal(7, seen.Distinct().Count());
        await Assert.ThrowsAsync<CursorException>(() => records.ListAsync(new BuildQuery { After = "xyz" }, Token));
    }

    [Fact]
    public async Task Actions_are_selected_and_ordered()
    {
        Tell(Call(CallKind.Hit, 1) with { Run = TimeSpan.FromSeconds(1), Mnemonic = "CppCompile" });
        Tell(Call(CallKind.Hit, 2) with { Run = TimeSpan.FromSeconds(3), Target = "//:b" });
        Tell(Call(CallKind.Miss, 3));

        async Task<IEnumerable<string>> ListAsync(ActionQuery query) =>
            (await records.ListActionsAsync("build-1", query, Token))!.Items.Select(action => action.Action.Split('/')[0]);

        Assert.Equal(Hashes(2, 1, 3), await ListAsync(new ActionQuery { SlowestFirst = true }));
        Assert.Equal(Hashes(1, 2), await ListAsync(new ActionQuery { Outcomes = [ActionOutcome.Hit] }));
        Assert.Equal(Hashes(1), await ListAsync(new ActionQuery { Mnemonic = "CppCompile" }));
        Assert.Equal(Hashes(2), await ListAsync(new ActionQuery { Target = "//:b" }));
        Page<ActionSummary>? page = await records.ListActionsAsync("build-1", new ActionQuery { Limit = 2 }, Token);
        Assert.Equal(Hashes(3), await ListAsync(new ActionQuery { Limit = 2, After = page!.Next }));
        Assert.Null(await records.ListActionsAsync("nonsense", new ActionQuery(), Token));
    }

    [Fact]
    public async Task Hours_have_what_was_heard_of_within_them()
    {
        Tell(Call(CallKind.Miss, 1));
        Tell(Call(CallKind.Hit, 2));
        time.Advance(TimeSpan.FromHours(1));
        Tell(Call(CallKind.Hit, 3));
        Tell(Call(CallKind.Hit, 4) with { Invocation = "build-2", Tool = "pants" });

        IReadOnlyList<PeriodSums> hours = await records.SumAsync(ToldCall.Began, byDay: false, null, null, Token);

        Assert.Equal([(ToldCall.Began, 2, 1), (ToldCall.Began.AddHours(1), 2, 2)], hours.Select(hour => (hour.Begin, (int)hour.Sums.Actions, (int)hour.Sums.Hits)));
        Assert.Equal(4, Assert.Single(await records.SumAsync(ToldCall.Began, byDay: true, null, null, Token)).Sums.Actions);
        Assert.Equal(1, Assert.Single(await records.SumAsync(ToldCall.Began, byDay: true, "pants", null, Token)).Sums.Hits);
    }

    [Theory]
    [InlineData(4096)] // in the page that says what tables there are
    [InlineData(16384)] // behind it
    public async Task A_file_that_is_damaged_is_begun_anew(int place)
    {
        for (int action = 0; action < 1000; action++)
            Tell(Call(CallKind.Hit, action));
        await records.DisposeAsync();
        using (FileStream file = new(FilePath, FileMode.Open))
        {
            file.Position = place;
            byte[] rubbish = new byte[file.Length - place];
            Array.Fill(rubbish, (byte)0xA5);
            file.Write(rubbish);
        }

        records = Open();
        Tell(Call(CallKind.Miss, 1) with { Invocation = "build-2" });
        await records.ListAsync(new BuildQuery(), Token); // what was on its way is lost with the file
        Tell(Call(CallKind.Miss, 1) with { Invocation = "build-3" });

        Assert.Contains("build-3", (await records.ListAsync(new BuildQuery(), Token)).Items.Select(build => build.Invocation));
        Assert.True(File.Exists(FilePath + ".damaged"));
    }

    [Fact]
    public async Task What_does_not_fit_is_counted()
    {
        for (int call = 0; call < 40_000 && records.DroppedCalls == 0; call++)
            records.Observer.Observe(new CallEvent { Kind = CallKind.Read, Digest = ToldCall.ActionOf(1), Execution = new byte[100_000] });

        Assert.InRange(records.DroppedCalls, 1, long.MaxValue);
        Assert.NotEmpty((await records.ListAsync(new BuildQuery(), Token)).Items);
    }

    private static IEnumerable<string> Hashes(params int[] actions) => actions.Select(action => ToldCall.ActionOf(action).Hash);

    private static ToldCall Call(CallKind kind, int action) => new(kind, ToldCall.ActionOf(action));

    private void Tell(ToldCall call) => call.Tell(records.Observer);

    private BuildRecords Open(long maxBytes = 1L << 30) =>
        BuildRecords.Open(FilePath, new BuildRecordOptions(TimeSpan.FromDays(30), maxBytes), TimeSpan.FromHours(3), logger, time);
}
