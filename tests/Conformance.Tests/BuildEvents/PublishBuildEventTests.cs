using Google.Devtools.Build.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Builds;
using RemoteExec.Builds.Events;
using RemoteExec.Builds.Records;
using RemoteExec.Builds.Services;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.TestKit;
using RemoteExec.TestKit.Bazel;
using BuildEvent = Google.Devtools.Build.V1.BuildEvent;

namespace RemoteExec.Conformance.Tests.BuildEvents;

/// <summary>The Build Event Service over the wire.</summary>
public sealed class PublishBuildEventTests : IAsyncLifetime
{
    private const string Service = "/google.devtools.build.v1.PublishBuildEvent/";
    private readonly TemporaryDirectory directory = new();
    private BuildRecords records = null!;
    private InProcessServer server = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var options = new BuildRecordOptions(TimeSpan.FromDays(1), 1 << 30) { Events = new EventLimits { OpenStreams = 3 } };
        records = BuildRecords.Open(directory["builds.db"], options, TimeSpan.FromHours(1), NullLogger.Instance, TimeProvider.System);
        server = await InProcessServer.StartAsync(new PublishBuildEventService(records.Events).ToRpcService());
    }

    public async ValueTask DisposeAsync()
    {
        await records.Events.StopAsync();
        await server.DisposeAsync();
        await records.DisposeAsync();
        directory.Dispose();
    }

    [Fact]
    [Rule("BES-02")]
    [Rule("BES-05")]
    public async Task Each_event_is_acknowledged_in_order_and_the_call_ends_after_the_half_close()
    {
        BuildScript script = new BuildScript("build-1").Start();
        for (int i = 0; i < 300; i++) // more than are taken at a time
            script.Target($"//:t{i}", isGood: true);
        script.Finish(0, "SUCCESS");
        await using RpcClientCall call = Open();
        Task<List<long>> acknowledged = ReadAsync(call, script.Requests.Count, script.StreamId);

        await SendAsync(call, script.Requests);

        Assert.Equal(Enumerable.Range(1, script.Requests.Count).Select(number => (long)number), await acknowledged);
        // It is still open, although its stream has ended.
        await SendAsync(call, script.Requests.TakeLast(1));
        Assert.Equal([script.Requests.Count], await ReadAsync(call, 1, script.StreamId));
        await call.CompleteRequestsAsync();
        Assert.Null(await call.ReadAsync<PublishBuildToolEventStreamResponse>());
    }

    [Fact]
    [Rule("BES-03")]
    [Rule("Q-22")]
    public async Task A_client_that_was_cut_off_goes_on_with_the_first_event_that_was_not_acknowledged()
    {
        BuildScript script = new BuildScript("build-1").Start().Target("//:a", isGood: true).Target("//:b", isGood: false).Finish(1, "BUILD_FAILURE");
        RpcClientCall cut = Open();
        await SendAsync(cut, script.Requests.Take(6));
        List<long> acknowledged = await ReadAsync(cut, 4, script.StreamId);
        await cut.DisposeAsync();

        await using RpcClientCall call = Open();
        await SendAsync(call, script.Requests.Skip((int)acknowledged[^1]));
        await call.CompleteRequestsAsync();

        Assert.Equal([5, 6, 7, 8, 9], await ReadAsync(call, 5, script.StreamId));
        Assert.Null(await call.ReadAsync<PublishBuildToolEventStreamResponse>());
        BuildDetails? build = await records.FindAsync("build-1", Token);
        Assert.Equal(RemoteExec.Builds.Events.BuildStatus.Failed, build!.Build.Report!.Status);
        Assert.Equal([new StatusCount<TargetStatus>(TargetStatus.Ok, 1), new StatusCount<TargetStatus>(TargetStatus.Failed, 1)], build.TargetStatuses);
    }

    [Fact]
    [Rule("BES-03")]
    public async Task A_gap_ends_the_call_after_what_was_before_it_is_acknowledged()
    {
        BuildScript script = new BuildScript("build-1").Start().Finish(0, "SUCCESS");
        await using RpcClientCall call = Open();

        await SendAsync(call, [script.Requests[0], script.Requests[1], script.Requests[3]]);

        Assert.Equal([1, 2], await ReadAsync(call, 2, script.StreamId));
        RpcStatus status = await CasServer.StatusOfAsync(call.ReadAsync<PublishBuildToolEventStreamResponse>().AsTask());
        Assert.Equal((StatusCode.InvalidArgument, true), (status.Code, status.Message.Contains("event 4 came where 3 is next", StringComparison.Ordinal)));
    }

    [Fact]
    [Rule("BES-01")]
    public async Task What_is_told_of_a_builds_life_is_answered_and_a_tools_event_is_refused_there()
    {
        PublishLifecycleEventRequest enqueued = Lifecycle(new BuildEvent { BuildEnqueued = new BuildEvent.Types.BuildEnqueued() });

        Assert.Equal(new Empty(), await PublishAsync(enqueued));
        Assert.Equal(new Empty(), await PublishAsync(enqueued)); // again, as it may do who was cut off

        foreach (BuildEvent tool in (BuildEvent[])[new() { BazelEvent = new Any() }, new() { ConsoleOutput = new() }, new() { ComponentStreamFinished = new() }, new()])
            await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, PublishAsync(Lifecycle(tool)));
    }

    [Fact]
    [Rule("BES-04")]
    public async Task Who_asks_for_it_is_refused_unless_the_build_was_announced()
    {
        PublishLifecycleEventRequest started = Lifecycle(new BuildEvent { InvocationAttemptStarted = new BuildEvent.Types.InvocationAttemptStarted() });
        started.BuildEvent.StreamId.InvocationId = "build-1";
        started.CheckPrecedingLifecycleEventsPresent = true;

        await CasServer.AssertRefusedAsync(StatusCode.FailedPrecondition, PublishAsync(started));
        await PublishAsync(Lifecycle(new BuildEvent { BuildEnqueued = new BuildEvent.Types.BuildEnqueued() }));

        Assert.Equal(new Empty(), await PublishAsync(started));
    }

    public static TheoryData<string, Action<OrderedBuildEvent>> Strange { get; } = new()
    {
        { "sequence_number 0", ordered => ordered.SequenceNumber = 0 },
        { "sequence_number -7", ordered => ordered.SequenceNumber = -7 },
        { "1 is next", ordered => ordered.SequenceNumber = long.MaxValue },
        { "stream_id", ordered => ordered.StreamId = null },
        { "invocation_id", ordered => ordered.StreamId.InvocationId = "" },
        { "longer than 256", ordered => ordered.StreamId.BuildId = new string('b', 257) },
    };

    [Theory]
    [Rule("BES-03")]
    [MemberData(nameof(Strange))]
    public async Task What_makes_no_sense_is_told(string says, Action<OrderedBuildEvent> change)
    {
        PublishBuildToolEventStreamRequest request = new BuildScript("build-1").Start().Requests[0];
        change(request.OrderedBuildEvent);
        await using RpcClientCall call = Open();

        await SendAsync(call, [request]);

        RpcStatus status = await CasServer.StatusOfAsync(call.ReadAsync<PublishBuildToolEventStreamResponse>().AsTask());
        Assert.Equal(StatusCode.InvalidArgument, status.Code);
        Assert.Contains(says, status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_request_at_all_ends_the_call_after_what_was_before_it_is_acknowledged()
    {
        BuildScript script = new BuildScript("build-1").Start();
        await using RpcClientCall call = Open();
        await SendAsync(call, script.Requests);
        RemoteExec.Rpc.Framing.MessageWriter raw = await call.GetRequestsAsync();
        raw.Start(3);
        new byte[] { 0x22, 0x7F, 0x01 }.CopyTo(raw.GetSpan(3));
        raw.Advance(3);
        await call.FlushAsync();

        Assert.Equal([1, 2, 3], await ReadAsync(call, 3, script.StreamId));
        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, call.ReadAsync<PublishBuildToolEventStreamResponse>().AsTask());
    }

    [Fact]
    public async Task The_events_of_a_call_belong_to_one_stream()
    {
        await using RpcClientCall call = Open();

        await SendAsync(call, [new BuildScript("build-1").Start().Requests[0], new BuildScript("build-2").Start().Requests[0]]);

        Assert.Equal(1, (await call.ReadAsync<PublishBuildToolEventStreamResponse>())!.SequenceNumber);
        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, call.ReadAsync<PublishBuildToolEventStreamResponse>().AsTask());
    }

    [Fact]
    public async Task An_event_without_end_is_refused_before_it_is_read()
    {
        await using RpcClientCall call = Open();
        RemoteExec.Rpc.Framing.MessageWriter requests = await call.GetRequestsAsync();
        requests.Start(1 << 30);
        requests.GetSpan(1)[0] = 0x22;
        requests.Advance(1);
        await call.FlushAsync();

        await CasServer.AssertRefusedAsync(StatusCode.ResourceExhausted, call.ReadAsync<PublishBuildToolEventStreamResponse>().AsTask());
    }

    [Fact]
    public async Task An_event_of_many_megabytes_is_taken()
    {
        BuildScript script = new BuildScript("build-1").Start();
        for (int i = 0; i < 3; i++)
            script.Add(new RemoteExec.TestKit.Bazel.BuildEvent { Progress = new Progress { Stdout = new string('x', 5 << 20) } });
        await using RpcClientCall call = Open();

        await SendAsync(call, script.Requests);

        Assert.Equal([1, 2, 3, 4, 5, 6], await ReadAsync(call, 6, script.StreamId));
    }

    [Fact]
    public async Task Of_too_many_streams_the_one_ends_that_was_silent_for_longest_and_comes_again()
    {
        var calls = new List<RpcClientCall>();
        BuildScript[] scripts = [.. Enumerable.Range(0, 4).Select(number => new BuildScript($"build-{number}").Start())];
        foreach (BuildScript script in scripts)
        {
            calls.Add(Open());
            await SendAsync(calls[^1], script.Requests.Take(1));
            Assert.Equal([1], await ReadAsync(calls[^1], 1, script.StreamId));
        }

        await CasServer.AssertRefusedAsync(StatusCode.Unavailable, calls[0].ReadAsync<PublishBuildToolEventStreamResponse>().AsTask());
        await SendAsync(calls[3], scripts[3].Requests.Skip(1));
        Assert.Equal([2, 3], await ReadAsync(calls[3], 2, scripts[3].StreamId));
        await using RpcClientCall again = Open();
        await SendAsync(again, scripts[0].Requests.Skip(1));
        Assert.Equal([2, 3], await ReadAsync(again, 2, scripts[0].StreamId));
        Assert.Equal(3, records.Events.OpenStreams);
        foreach (RpcClientCall call in calls)
            await call.DisposeAsync();
    }

    [Fact]
    public async Task A_server_that_stops_sends_its_clients_away_to_come_again()
    {
        BuildScript script = new BuildScript("build-1").Start();
        await using RpcClientCall call = Open();
        await SendAsync(call, script.Requests);
        Assert.Equal([1, 2, 3], await ReadAsync(call, 3, script.StreamId));

        await records.Events.StopAsync();

        await CasServer.AssertRefusedAsync(StatusCode.Unavailable, call.ReadAsync<PublishBuildToolEventStreamResponse>().AsTask());
    }

    private RpcClientCall Open() => server.Channel.Open(Service + "PublishBuildToolEventStream", new RpcCallOptions(), Token);

    private Task<Empty> PublishAsync(PublishLifecycleEventRequest request) =>
        server.Channel.UnaryAsync<PublishLifecycleEventRequest, Empty>(Service + "PublishLifecycleEvent", request, Token);

    private static PublishLifecycleEventRequest Lifecycle(BuildEvent happened) => new()
    {
        BuildEvent = new OrderedBuildEvent { StreamId = new StreamId { BuildId = "b", Component = StreamId.Types.BuildComponent.Controller }, SequenceNumber = 1, Event = happened },
    };

    private static async Task SendAsync(RpcClientCall call, IEnumerable<PublishBuildToolEventStreamRequest> requests)
    {
        foreach (PublishBuildToolEventStreamRequest request in requests)
            Assert.True(await call.WriteAsync(request));
    }

    private static async Task<List<long>> ReadAsync(RpcClientCall call, int count, StreamId stream)
    {
        var numbers = new List<long>();
        while (numbers.Count < count)
        {
            PublishBuildToolEventStreamResponse? answer = await call.ReadAsync<PublishBuildToolEventStreamResponse>();
            Assert.Equal(stream, answer?.StreamId);
            numbers.Add(answer!.SequenceNumber);
        }

        return numbers;
    }
}
