using RemoteExec.Builds.Events;
using RemoteExec.Builds.Records;
using RemoteExec.Builds.Tests.Records;
using RemoteExec.Cas.Builds;
using RemoteExec.TestKit.Bazel;
using Ids = RemoteExec.TestKit.Bazel.BuildEventId.Types;
using TestStatus = RemoteExec.Builds.Events.TestStatus;
using Told = RemoteExec.TestKit.Bazel.TestStatus;

namespace RemoteExec.Builds.Tests.Events;

/// <summary>What is known of builds whose clients tell of them.</summary>
public sealed class ReportTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_build_says_how_it_ended_who_built_what_and_how_long_it_took()
    {
        await using var fixture = new EventFixture();
        await fixture.SendAsync(new BuildScript("build-1").Start("test", "ann", "//lib/...", "-//lib/slow/...").Target("//lib:a", isGood: true).Finish(0, "SUCCESS"));

        BuildSummary build = Assert.Single((await fixture.Records.ListAsync(new BuildQuery(), Token)).Items);

        Assert.Equal(("build-1", "bazel", "4.2.3", true, 0), (build.Invocation, build.Tool, build.ToolVersion, build.IsOver, build.Calls));
        BuildReport report = build.Report!;
        Assert.Equal((BuildStatus.Succeeded, 0, "SUCCESS", "test"), (report.Status, report.ExitCode, report.ExitName, report.Command));
        Assert.Equal(("ann", "desk", "/home/me/project"), (report.User, report.Host, report.Workspace));
        Assert.Equal(["//lib/...", "-//lib/slow/..."], report.Patterns);
        Assert.Equal((new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), 7.5), (report.Started, report.WallSeconds));
    }

    [Theory]
    [InlineData(0, "SUCCESS", BuildStatus.Succeeded)]
    [InlineData(1, "BUILD_FAILURE", BuildStatus.Failed)]
    [InlineData(3, "TESTS_FAILED", BuildStatus.Failed)]
    [InlineData(8, "INTERRUPTED", BuildStatus.Interrupted)]
    public async Task The_exit_code_says_how_it_ended(int exitCode, string exitName, BuildStatus status)
    {
        await using var fixture = new EventFixture();
        await fixture.SendAsync(new BuildScript("build-1").Start().Finish(exitCode, exitName));

        Assert.Equal(status, (await fixture.ReportAsync("build-1")).Status);
        Assert.Single((await fixture.Records.ListAsync(new BuildQuery { Status = status }, Token)).Items);
        Assert.Empty((await fixture.Records.ListAsync(new BuildQuery { Status = BuildStatus.Running }, Token)).Items);
    }

    [Fact]
    public async Task A_stream_that_ends_without_saying_how_the_build_ended_leaves_it_expired()
    {
        await using var fixture = new EventFixture();
        await fixture.SendAsync(new BuildScript("build-1").Start().End());

        Assert.Equal(BuildStatus.Expired, (await fixture.ReportAsync("build-1")).Status);
    }

    [Fact]
    public async Task What_calls_tell_and_what_events_tell_is_of_one_build_whatever_comes_first_and_in_whatever_instance()
    {
        await using var fixture = new EventFixture();
        await fixture.SendAsync(new BuildScript("build-1").Start(user: "ann"));
        Assert.Equal("", Assert.Single((await fixture.Records.ListAsync(new BuildQuery(), Token)).Items).Instance);

        new ToldCall(CallKind.Miss, ToldCall.ActionOf(1, "team")).Tell(fixture.Records.Observer);

        BuildSummary build = Assert.Single((await fixture.Records.ListAsync(new BuildQuery(), Token)).Items);
        Assert.Equal(("team", 1, "ann"), (build.Instance, build.Sums.Misses, build.Report?.User));
        Assert.Equal("team", (await fixture.FindAsync("build-1")).Build.Instance);
        Assert.Single((await fixture.Records.ListAsync(new BuildQuery { User = "ann" }, Token)).Items);
        Assert.Empty((await fixture.Records.ListAsync(new BuildQuery { User = "bob" }, Token)).Items);
    }

    [Fact]
    public async Task Of_a_target_the_worst_is_kept_that_came_of_it_in_any_configuration()
    {
        await using var fixture = new EventFixture();
        BuildScript script = new BuildScript("build-1").Start().Target("//:bad", isGood: false).Target("//:bad", isGood: true).Target("//:good", isGood: true, "genrule rule");
        Abort(script, "//:left", Aborted.Types.Reason.Skipped, "");
        Abort(script, "//:broken", Aborted.Types.Reason.AnalysisFailure, "no such attribute");
        Abort(script, "//:late", Aborted.Types.Reason.UserInterrupted, "");
        await fixture.SendAsync(script.Finish(1, "BUILD_FAILURE"));

        Page<TargetReport>? all = await fixture.Records.ListTargetsAsync("build-1", new ReportQuery<TargetStatus>(), Token);

        Assert.Equal(
            [
                new TargetReport("//:bad", "cc_library rule", TargetStatus.Failed, ""), new TargetReport("//:broken", "", TargetStatus.Failed, "no such attribute"),
                new TargetReport("//:late", "", TargetStatus.Incomplete, ""), new TargetReport("//:left", "", TargetStatus.Skipped, ""), new TargetReport("//:good", "genrule rule", TargetStatus.Ok, ""),
            ],
            all!.Items);
        Assert.Equal((5, 2), ((await fixture.ReportAsync("build-1")).Targets, (await fixture.ReportAsync("build-1")).FailedTargets));
    }

    [Fact]
    public async Task Targets_are_listed_page_by_page_and_by_what_is_asked_for()
    {
        await using var fixture = new EventFixture();
        BuildScript script = new BuildScript("build-1").Start();
        for (int i = 0; i < 7; i++)
            script.Target($"//lib:t{i}", isGood: i != 3);
        await fixture.SendAsync(script);

        Page<TargetReport>? first = await fixture.Records.ListTargetsAsync("build-1", new ReportQuery<TargetStatus> { Limit = 4 }, Token);
        Page<TargetReport>? second = await fixture.Records.ListTargetsAsync("build-1", new ReportQuery<TargetStatus> { Limit = 4, After = first!.Next }, Token);
        Page<TargetReport>? good = await fixture.Records.ListTargetsAsync("build-1", new ReportQuery<TargetStatus> { Statuses = [TargetStatus.Ok, TargetStatus.Skipped], Label = ":t1" }, Token);

        Assert.Equal(["3", "0", "1", "2", "4", "5", "6"], first.Items.Concat(second!.Items).Select(target => target.Label[^1..]));
        Assert.Null(second.Next);
        Assert.Equal(["//lib:t1"], good!.Items.Select(target => target.Label));
        Assert.Null(await fixture.Records.ListTargetsAsync("none", new ReportQuery<TargetStatus>(), Token));
    }

    [Fact]
    public async Task A_test_has_its_attempts_its_time_and_the_log_of_one_that_failed()
    {
        await using var fixture = new EventFixture();
        await fixture.SendAsync(new BuildScript("build-1").Start("test")
            .Ran("//:flaky", Told.Failed, attempt: 1, milliseconds: 1500).Ran("//:flaky", Told.Passed, attempt: 2, milliseconds: 500).Summed("//:flaky", Told.Flaky)
            .Ran("//:good", Told.Passed).Summed("//:good", Told.Passed)
            .Ran("//:bad", Told.Failed).Summed("//:bad", Told.Failed)
            .Ran("//:going", Told.Passed));

        IReadOnlyList<TestReport> tests = (await fixture.Records.ListTestsAsync("build-1", new ReportQuery<TestStatus>(), Token))!.Items;

        Assert.Equal(["//:bad", "//:flaky", "//:going", "//:good"], tests.Select(test => test.Label));
        Assert.Equal((TestStatus.Flaky, 2, 2, 2.0, "bytestream://cache/blobs/1"), (tests[1].Status, tests[1].Attempts, tests[1].Results, tests[1].Seconds, tests[1].Log));
        Assert.Equal((4, 1), ((await fixture.ReportAsync("build-1")).Tests, (await fixture.ReportAsync("build-1")).FailedTests));
    }

    [Fact]
    public async Task An_action_that_failed_says_where_its_output_is()
    {
        await using var fixture = new EventFixture();
        await fixture.SendAsync(new BuildScript("build-1").Start()
            .Add(new BuildEvent
            {
                Id = new BuildEventId { ActionCompleted = new Ids.Action { Label = "//:bad", PrimaryOutput = "bin/bad.o" } },
                Action = new ActionExecuted { Type = "CppCompile", ExitCode = 2, Stderr = new OutputFile { Name = "stderr", Uri = "bytestream://cache/blobs/hash/5" } },
            })
            .Add(new BuildEvent { Id = new BuildEventId { ActionCompleted = new Ids.Action { Label = "//:good" } }, Action = new ActionExecuted { Success = true } }));

        Assert.Equal([new FailedAction("//:bad", "CppCompile", 2, "bin/bad.o", "", "bytestream://cache/blobs/hash/5")], (await fixture.FindAsync("build-1")).FailedActions);
    }

    [Fact]
    public async Task Of_a_build_with_too_much_to_tell_the_first_is_kept_and_that_there_was_more()
    {
        await using var fixture = new EventFixture(new EventLimits { Targets = 3, Tests = 2, Failures = 1 });
        BuildScript script = new BuildScript("build-1").Start();
        for (int i = 0; i < 5; i++)
            script.Target($"//:t{i}", isGood: false).Ran($"//:t{i}", Told.Failed).Add(new BuildEvent { Id = new BuildEventId { ActionCompleted = new Ids.Action { Label = "//:x" } }, Action = new ActionExecuted() });

        await fixture.SendAsync(script.Target("//:t1", isGood: false));

        BuildDetails build = await fixture.FindAsync("build-1");
        Assert.Equal((3, 2, 5, true), (build.Build.Report!.Targets, build.Build.Report.Tests, build.Build.Report.FailedActions, build.Build.Report.HasMore));
        Assert.Single(build.FailedActions);
    }

    [Fact]
    public async Task What_is_told_of_a_build_goes_with_the_build()
    {
        await using var fixture = new EventFixture();
        BuildScript old = new BuildScript("build-1").Start().Target("//:a", isGood: false).Ran("//:t", Told.Failed).Finish(1, "BUILD_FAILURE");
        await fixture.SendAsync(old);
        new ToldCall(CallKind.Miss, ToldCall.ActionOf(1)).Tell(fixture.Records.Observer);
        fixture.Time.Advance(TimeSpan.FromDays(31));
        await fixture.SendAsync(new BuildScript("build-2").Start());

        Page<BuildSummary> page = await fixture.Records.ListAsync(new BuildQuery(), Token);

        Assert.Equal(["build-2"], page.Items.Select(build => build.Invocation));
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={fixture.FilePath};Mode=ReadOnly;Pooling=False");
        connection.Open();
        foreach (string table in (string[])["reports", "event_streams"])
            Assert.Equal(1L, Count(connection, table));
        foreach (string table in (string[])["report_targets", "report_tests", "report_failures"])
            Assert.Equal(0L, Count(connection, table));
    }

    private static object? Count(Microsoft.Data.Sqlite.SqliteConnection connection, string table)
    {
        using Microsoft.Data.Sqlite.SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"SELECT count(*) FROM {table}";
        return command.ExecuteScalar();
    }

    private static void Abort(BuildScript script, string label, Aborted.Types.Reason reason, string description) => script.Add(new BuildEvent
    {
        Id = new BuildEventId { TargetCompleted = new Ids.Target { Label = label } },
        Aborted = new Aborted { Reason = reason, Description = description },
    });
}
