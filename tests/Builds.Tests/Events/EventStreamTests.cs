using Google.Devtools.Build.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using RemoteExec.Builds.Events;
using RemoteExec.Builds.Records;
using RemoteExec.Builds.Services;
using RemoteExec.Builds.Storage;
using RemoteExec.TestKit.Bazel;
using BuildEvent = Google.Devtools.Build.V1.BuildEvent;
using BuildStatus = RemoteExec.Builds.Events.BuildStatus;
using TestStatus = RemoteExec.TestKit.Bazel.TestStatus;

namespace RemoteExec.Builds.Tests.Events;

/// <summary>What becomes of streams of events, whatever their clients do.</summary>
public sealed class EventStreamTests : IAsyncLifetime
{
    private readonly EventFixture fixture = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => fixture.DisposeAsync();

    [Fact]
    [Rule("BES-02")]
    public async Task What_was_acknowledged_is_in_the_file_at_once()
    {
        await fixture.SendAsync(new BuildScript("build-1").Start(user: "ann", patterns: "//..."));

        using var connection = new SqliteConnection($"Data Source={fixture.FilePath};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand("SELECT user || ' ' || patterns || ' ' || (SELECT last FROM event_streams) FROM reports");
        Assert.Equal("ann //... 3", command.ExecuteScalar());
    }

    [Fact]
    [Rule("BES-03")]
    [Rule("Q-22")]
    public async Task What_was_taken_before_is_acknowledged_again_and_counts_once()
    {
        BuildScript script = new BuildScript("build-1").Start().Ran("//:t", TestStatus.Passed).Ran("//:t", TestStatus.Failed, attempt: 2).Summed("//:t", TestStatus.Failed).Finish(3, "TESTS_FAILED");

        await fixture.SendAsync(script);
        await fixture.SendAsync(script);
        await fixture.RestartAsync();
        await fixture.SendAsync(script, from: 4);

        TestReport test = Assert.Single((await fixture.Records.ListTestsAsync("build-1", new ReportQuery<RemoteExec.Builds.Events.TestStatus>(), Token))!.Items);
        Assert.Equal((2, 2, 2.0), (test.Results, test.Attempts, test.Seconds));
    }

    [Theory]
    [Rule("BES-03")]
    [InlineData(0)]
    [InlineData(2)]
    public async Task A_gap_is_refused_and_the_stream_goes_on_where_it_was(int taken)
    {
        BuildScript script = new BuildScript("build-1").Start().Target("//:a", isGood: true).Finish(0, "SUCCESS");
        foreach (PublishBuildToolEventStreamRequest request in script.Requests.Take(taken))
            await fixture.SendAsync(request);

        EventRefusedException refusal = await Assert.ThrowsAsync<EventRefusedException>(() => fixture.SendAsync(script.Requests[taken + 1]));

        Assert.Equal(EventRefusal.OutOfOrder, refusal.Reason);
        Assert.Contains($"event {taken + 2} came where {taken + 1} is next", refusal.Message, StringComparison.Ordinal);
        await fixture.SendAsync(script, from: taken + 1);
        Assert.Equal(BuildStatus.Succeeded, (await fixture.ReportAsync("build-1")).Status);
    }

    [Fact]
    [Rule("BES-03")]
    public async Task After_a_restart_a_stream_goes_on_where_it_was_and_nowhere_else()
    {
        BuildScript script = new BuildScript("build-1").Start().Target("//:a", isGood: true).Finish(0, "SUCCESS");
        foreach (PublishBuildToolEventStreamRequest request in script.Requests.Take(4))
            await fixture.SendAsync(request);

        await fixture.RestartAsync();

        await Assert.ThrowsAsync<EventRefusedException>(() => fixture.SendAsync(script.Requests[5]));
        await fixture.SendAsync(script, from: 5);
        BuildDetails build = await fixture.FindAsync("build-1");
        Assert.Equal(BuildStatus.Succeeded, build.Build.Report!.Status);
        Assert.Equal([new StatusCount<TargetStatus>(TargetStatus.Ok, 1)], build.TargetStatuses);
    }

    [Fact]
    [Rule("BES-03")]
    public async Task Nothing_follows_after_the_end_of_a_stream()
    {
        BuildScript script = new BuildScript("build-1").Start().Finish(0, "SUCCESS");
        await fixture.SendAsync(script);

        script.Target("//:late", isGood: false);

        await Assert.ThrowsAsync<EventRefusedException>(() => fixture.SendAsync(script.Requests[^2]));
        Assert.Empty((await fixture.FindAsync("build-1")).TargetStatuses);
    }

    [Fact]
    [Rule("BES-04")]
    public async Task Keywords_count_with_the_first_event_alone()
    {
        BuildScript script = new BuildScript("build-1").Start();
        script.Requests[0].NotificationKeywords.Add(["ci", "nightly"]);
        script.Requests[1].NotificationKeywords.Add("late");

        await fixture.SendAsync(script);

        Assert.Equal(["ci", "nightly"], (await fixture.ReportAsync("build-1")).Keywords);
    }

    [Fact]
    [Rule("BES-04")]
    public async Task Who_asks_for_it_is_refused_unless_the_build_was_announced()
    {
        BuildScript script = new BuildScript("build-1").Start();
        script.Requests[0].CheckPrecedingLifecycleEventsPresent = true;
        PublishLifecycleEventRequest started = Lifecycle(script, 1, new BuildEvent { InvocationAttemptStarted = new BuildEvent.Types.InvocationAttemptStarted() });
        started.CheckPrecedingLifecycleEventsPresent = true;

        EventRefusedException tool = await Assert.ThrowsAsync<EventRefusedException>(() => fixture.SendAsync(script.Requests[0]));
        EventRefusedException invocation = await Assert.ThrowsAsync<EventRefusedException>(() => fixture.SendAsync(started));
        PublishLifecycleEventRequest enqueued = Lifecycle(script, 1, new BuildEvent { BuildEnqueued = new BuildEvent.Types.BuildEnqueued() });
        enqueued.BuildEvent.StreamId.InvocationId = "";
        await fixture.SendAsync(enqueued);
        await fixture.SendAsync(started);
        await fixture.SendAsync(script);

        Assert.Equal((EventRefusal.NotAnnounced, EventRefusal.NotAnnounced), (tool.Reason, invocation.Reason));
        Assert.Contains("'of-build-1' was not announced", invocation.Message, StringComparison.Ordinal);
        Assert.Equal("build", (await fixture.ReportAsync("build-1")).Command);
    }

    [Fact]
    [Rule("BES-01")]
    public async Task What_is_told_of_a_builds_life_says_how_it_ended_if_the_tool_does_not()
    {
        BuildScript script = new BuildScript("build-1").Start();
        await fixture.SendAsync(script);
        await fixture.SendAsync(Lifecycle(script, 1, new BuildEvent { InvocationAttemptStarted = new BuildEvent.Types.InvocationAttemptStarted() }));
        PublishLifecycleEventRequest finished = Lifecycle(script, 2, new BuildEvent
        {
            InvocationAttemptFinished = new BuildEvent.Types.InvocationAttemptFinished
            {
                InvocationStatus = new Google.Devtools.Build.V1.BuildStatus { Result = Google.Devtools.Build.V1.BuildStatus.Types.Result.Cancelled },
            },
        });

        await fixture.SendAsync(finished);
        await fixture.SendAsync(finished);

        Assert.Equal(BuildStatus.Interrupted, (await fixture.ReportAsync("build-1")).Status);
    }

    [Theory]
    [Rule("BES-06")]
    [InlineData(60)]
    [InlineData(null)]
    public async Task A_build_whose_stream_is_silent_for_too_long_has_expired(int? seconds)
    {
        BuildScript script = new BuildScript("build-1").Start();
        if (seconds is { } timeout)
        {
            PublishLifecycleEventRequest started = Lifecycle(script, 1, new BuildEvent { InvocationAttemptStarted = new BuildEvent.Types.InvocationAttemptStarted() });
            started.StreamTimeout = new Duration { Seconds = timeout };
            await fixture.SendAsync(started);
        }

        await fixture.SendAsync(script);
        TimeSpan patience = seconds is { } told ? TimeSpan.FromSeconds(told) : TimeSpan.FromHours(3); // that of builds

        fixture.Time.Advance(patience);
        BuildStatus within = (await fixture.ReportAsync("build-1")).Status;
        fixture.Time.Advance(TimeSpan.FromMilliseconds(1));
        BuildDetails beyond = await fixture.FindAsync("build-1");

        Assert.Equal((BuildStatus.Running, BuildStatus.Expired, true), (within, beyond.Build.Report!.Status, beyond.Build.IsOver));
        Assert.Single((await fixture.Records.ListAsync(new BuildQuery { Status = BuildStatus.Expired }, Token)).Items);
        Assert.Empty((await fixture.Records.ListAsync(new BuildQuery { Status = BuildStatus.Running }, Token)).Items);
    }

    [Theory]
    [Rule("BES-06")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_build_whose_client_has_gone_expires_unless_it_comes_again(bool isKilled)
    {
        BuildScript script = new BuildScript("build-1").Start();
        await LeaveAfterAsync(script);
        if (isKilled)
            await fixture.RestartAsync();
        fixture.Time.Advance(TimeSpan.FromMinutes(5));
        BuildStatus within = (await fixture.ReportAsync("build-1")).Status;
        fixture.Time.Advance(TimeSpan.FromMilliseconds(1));
        BuildStatus beyond = (await fixture.ReportAsync("build-1")).Status;
        await fixture.SendAsync(script.Target("//:a", isGood: true), from: 4);

        Assert.Equal((BuildStatus.Running, BuildStatus.Expired, BuildStatus.Running), (within, beyond, (await fixture.ReportAsync("build-1")).Status));

        async Task LeaveAfterAsync(BuildScript sent)
        {
            using OpenStream stream = fixture.Records.Events.Enter(Token);
            await fixture.SendAsync(sent);
            fixture.Records.Events.Hear(stream, EventRequests.Read(sent.Requests[0]).Stream);
            if (!isKilled)
                await fixture.Records.Events.LeaveAsync(stream);
        }
    }

    [Fact]
    [Rule("BES-06")]
    public async Task A_client_that_has_come_again_has_not_gone()
    {
        BuildScript script = new BuildScript("build-1").Start();
        await fixture.SendAsync(script);
        using OpenStream cut = fixture.Records.Events.Enter(Token), again = fixture.Records.Events.Enter(Token);
        fixture.Records.Events.Hear(cut, EventRequests.Read(script.Requests[0]).Stream);
        fixture.Records.Events.Hear(again, EventRequests.Read(script.Requests[0]).Stream);

        await fixture.Records.Events.LeaveAsync(cut);
        fixture.Time.Advance(TimeSpan.FromMinutes(6));

        Assert.Equal(BuildStatus.Running, (await fixture.ReportAsync("build-1")).Status);
    }

    [Fact]
    [Rule("BES-07")]
    public async Task An_event_that_nobody_understands_is_taken_as_it_is()
    {
        BuildScript script = new BuildScript("build-1").Start()
            .Add(new BuildEvent { BazelEvent = new Any { TypeUrl = "type.googleapis.com/build_event_stream.BuildEvent", Value = ByteString.CopyFrom(0x2A, 0xFF, 0x01) } })
            .Add(new BuildEvent { BazelEvent = new Any { TypeUrl = "type.googleapis.com/another.Event", Value = ByteString.CopyFrom(0xFF) } })
            .Add(new BuildEvent { BuildExecutionEvent = new Any() })
            .Add(new BuildEvent { ConsoleOutput = new BuildEvent.Types.ConsoleOutput { TextOutput = "said" } })
            .Add(new BuildEvent())
            .Finish(0, "SUCCESS");

        await fixture.SendAsync(script);

        Assert.Equal(BuildStatus.Succeeded, (await fixture.ReportAsync("build-1")).Status);
    }

    [Fact]
    public async Task What_a_full_disk_did_not_take_is_not_acknowledged_and_may_be_sent_again()
    {
        using var directory = new TemporaryDirectory();
        using BuildDatabase database = BuildDatabase.Open(directory["builds.db"], [RecordTables.Schema, EventTables.Schema], fixture.Logger);
        await using var writer = new EventWriter(database, new EventLimits(), fixture.Logger, fixture.Time);
        await writer.WriteAsync(Told(1));
        long pages = database.Writer.ReadLong("PRAGMA page_count");
        database.Writer.ReadLong($"PRAGMA max_page_count = {pages}");

        await Assert.ThrowsAsync<EventsNotWrittenException>(async () =>
        {
            for (int number = 2; ; number++)
                await writer.WriteAsync(Told(number));
        });
        database.Writer.ReadLong("PRAGMA max_page_count = 1000000");
        long last = database.Writer.ReadLong("SELECT last FROM event_streams");

        Assert.Equal(EventOutcome.Repeated, await writer.WriteAsync(Told(last)));
        Assert.Equal(EventOutcome.Kept, await writer.WriteAsync(Told(last + 1)));
        Assert.Equal(last + 1, database.Writer.ReadLong("SELECT count(*) FROM report_targets"));
        Assert.Equal([LogLevel.Warning, LogLevel.Information], fixture.Logger.Entries.Select(entry => entry.Level));
    }

    [Fact]
    public async Task A_stream_goes_on_although_the_file_was_damaged_and_begun_anew()
    {
        using var directory = new TemporaryDirectory();
        using BuildDatabase database = BuildDatabase.Open(directory["builds.db"], [RecordTables.Schema, EventTables.Schema], fixture.Logger);
        await using var writer = new EventWriter(database, new EventLimits(), fixture.Logger, fixture.Time);
        await writer.WriteAsync(Told(1));
        await writer.WriteAsync(Told(2));
        database.Writer.Execute("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA cache_size = 0;");
        byte[] nonsense = new byte[1 << 20];
        Array.Fill(nonsense, (byte)0xA5);
        using (FileStream file = new(directory["builds.db"], FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete))
            file.Write(nonsense);

        Assert.Equal(EventOutcome.Kept, await writer.WriteAsync(Told(3)));

        Assert.True(File.Exists(directory["builds.db.damaged"]));
        Assert.Equal(3, database.Writer.ReadLong("SELECT last FROM event_streams"));
        Assert.Equal(EventOutcome.Repeated, await writer.WriteAsync(Told(2)));
    }

    [Fact]
    public async Task Of_ten_thousand_streams_those_are_forgotten_that_were_silent_for_longest()
    {
        const int Streams = 10_000, Known = 500;
        using var directory = new TemporaryDirectory();
        using BuildDatabase database = BuildDatabase.Open(directory["builds.db"], [RecordTables.Schema, EventTables.Schema], fixture.Logger);
        await using var writer = new EventWriter(database, new EventLimits { KnownStreams = Known }, fixture.Logger, fixture.Time);
        for (int i = 0; i < Streams; i++)
        {
            fixture.Time.Advance(TimeSpan.FromMilliseconds(10));
            await writer.WriteAsync(new StreamEvent(new EventStreamId($"b{i}", "", 1), 1, StreamEventKind.BuildEnqueued));
        }

        fixture.Time.Advance(TimeSpan.FromMinutes(1));
        await writer.WriteAsync(new StreamEvent(new EventStreamId("last", "", 1), 1, StreamEventKind.BuildEnqueued));

        Assert.Equal(Known, database.Writer.ReadLong("SELECT count(*) FROM event_streams"));
        Assert.Equal(EventOutcome.Repeated, await writer.WriteAsync(new StreamEvent(new EventStreamId($"b{Streams - 1}", "", 1), 1, StreamEventKind.BuildEnqueued)));
        Assert.Equal(EventOutcome.Kept, await writer.WriteAsync(new StreamEvent(new EventStreamId("b0", "", 1), 1, StreamEventKind.BuildEnqueued)));
    }

    [Fact]
    public async Task More_events_than_there_is_room_for_wait_for_those_before_them()
    {
        await using var small = new EventFixture(new EventLimits { EventsUnderWay = 2 });
        BuildScript[] scripts = [.. Enumerable.Range(0, 20).Select(number => new BuildScript($"build-{number}").Start().Target("//:a", isGood: true).Finish(0, "SUCCESS"))];

        await Task.WhenAll(scripts.Select(script => small.SendAsync(script)));

        Assert.Equal(20, (await small.Records.ListAsync(new BuildQuery { Status = BuildStatus.Succeeded }, Token)).Items.Count);
    }

    // Each with a target of its own, so that it takes room.
    private static StreamEvent Told(long number) => new(new EventStreamId("b", "i", 3), number, StreamEventKind.Tool)
    {
        Fact = new BuildFact.TargetKnown($"//{new string('x', 900)}:{number}", ""),
    };

    private static PublishLifecycleEventRequest Lifecycle(BuildScript script, long sequence, BuildEvent happened) => new()
    {
        BuildEvent = new OrderedBuildEvent
        {
            StreamId = new StreamId { BuildId = script.StreamId.BuildId, InvocationId = script.StreamId.InvocationId, Component = StreamId.Types.BuildComponent.Controller },
            SequenceNumber = sequence,
            Event = happened,
        },
    };
}
