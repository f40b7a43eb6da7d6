using System.Buffers;
using Google.Devtools.Build.V1;
using Google.Protobuf;
using Google.Protobuf.Collections;
using RemoteExec.Builds.Events;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Wire;
using RemoteExec.Rpc;
using WireEvent = Google.Devtools.Build.V1.BuildEvent;
using WireStatus = Google.Devtools.Build.V1.BuildStatus;

namespace RemoteExec.Builds.Services;

/// <summary>Takes requests apart that bring events. What is wrong with one is an <see cref="RpcException"/>.</summary>
internal static class EventRequests
{
    private const int LongestId = 256;
    private const int MostKeywords = 32;
    private const int LongestKeyword = 256;
    private const string BazelEventType = "/build_event_stream.BuildEvent";
    private static readonly TimeSpan longestTimeout = TimeSpan.FromDays(30);

    // What nobody knows is not kept: as objects it would take many times the memory.
    private static readonly MessageParser<PublishBuildToolEventStreamRequest> parser = PublishBuildToolEventStreamRequest.Parser.WithDiscardUnknownFields(true);

    /// <summary>A request that brings an event of a build tool.</summary>
    public static PublishBuildToolEventStreamRequest Parse(in ReadOnlySequence<byte> encoded)
    {
        try
        {
            return parser.ParseFrom(encoded);
        }
        catch (Exception exception) when (MalformedMessage.IsReason(exception))
        {
            throw Bad($"it is no valid {nameof(PublishBuildToolEventStreamRequest)}: {exception.Message}");
        }
    }

    /// <summary>An event of a build tool.</summary>
    public static StreamEvent Read(PublishBuildToolEventStreamRequest request)
    {
        (EventStreamId stream, long sequence, WireEvent happened) = ReadOrdered(request.OrderedBuildEvent);
        if (stream.Invocation.Length == 0)
            throw Bad("stream_id.invocation_id is missing: events of a build tool belong to an invocation");
        bool isEnd = happened.EventCase == WireEvent.EventOneofCase.ComponentStreamFinished;
        var told = new StreamEvent(stream, sequence, isEnd ? StreamEventKind.ToolFinished : StreamEventKind.Tool)
        {
            NeedsParent = request.CheckPrecedingLifecycleEventsPresent,
            Keywords = ReadKeywords(request.NotificationKeywords),
            Project = ReadProject(request.ProjectId),
        };
        if (happened.EventCase != WireEvent.EventOneofCase.BazelEvent || !happened.BazelEvent.TypeUrl.EndsWith(BazelEventType, StringComparison.Ordinal))
            return told;
        try
        {
            return told with { Fact = BazelEvent.Read(happened.BazelEvent.Value.Span) };
        }
        catch (EventMalformedException)
        {
            return told with { IsMalformed = true }; // BES-07: that is between the tool and those who know its events
        }
    }

    /// <summary>An event that tells of builds as a whole.</summary>
    public static StreamEvent Read(PublishLifecycleEventRequest request)
    {
        (EventStreamId stream, long sequence, WireEvent happened) = ReadOrdered(request.BuildEvent);
        if (stream.Build.Length == 0)
            throw Bad("stream_id.build_id is missing");
        (StreamEventKind kind, BuildFact? fact) = happened.EventCase switch
        {
            WireEvent.EventOneofCase.BuildEnqueued => (StreamEventKind.BuildEnqueued, null),
            WireEvent.EventOneofCase.InvocationAttemptStarted => (StreamEventKind.InvocationStarted, null),
            WireEvent.EventOneofCase.InvocationAttemptFinished => (StreamEventKind.InvocationFinished, ReadStatus(happened.InvocationAttemptFinished.InvocationStatus)),
            WireEvent.EventOneofCase.BuildFinished => (StreamEventKind.BuildFinished, ReadStatus(happened.BuildFinished.Status)),
            _ => throw Bad($"{happened.EventCase} is no event of a build's life: send it by PublishBuildToolEventStream"),
        };
        return new StreamEvent(stream, sequence, kind)
        {
            Fact = fact,
            NeedsParent = request.CheckPrecedingLifecycleEventsPresent,
            Keywords = ReadKeywords(request.NotificationKeywords),
            Project = ReadProject(request.ProjectId),
            Timeout = ReadTimeout(request.StreamTimeout),
        };
    }

    private static (EventStreamId Stream, long Sequence, WireEvent Happened) ReadOrdered(OrderedBuildEvent? ordered)
    {
        if (ordered?.StreamId is not { } id)
            throw Bad("the event, or its stream_id, is missing");
        if (id.BuildId.Length > LongestId || id.InvocationId.Length > LongestId)
            throw Bad($"an id is longer than {LongestId} characters");
        if (ordered.SequenceNumber < 1)
            throw Bad($"sequence_number {ordered.SequenceNumber}: events are numbered from 1");
        return (new EventStreamId(id.BuildId, id.InvocationId, (int)id.Component), ordered.SequenceNumber, ordered.Event ?? new WireEvent());
    }

    private static BuildFact.Concluded? ReadStatus(WireStatus? status) => status is null or { Result: WireStatus.Types.Result.UnknownStatus } ? null : new BuildFact.Concluded((int)status.Result);

    private static string ReadKeywords(RepeatedField<string> keywords) =>
        string.Join('\n', keywords.Where(keyword => keyword.Length is > 0 and <= LongestKeyword && !keyword.Contains('\n', StringComparison.Ordinal)).Take(MostKeywords));

    // Where a build is of that instance which makes no calls; there is no other use for it.
    private static string ReadProject(string project) => InstanceName.TryParse(project, out InstanceName instance, out _) ? instance.Value : "";

    private static TimeSpan? ReadTimeout(Google.Protobuf.WellKnownTypes.Duration? timeout) => timeout switch
    {
        null or { Seconds: < 0 } or { Seconds: 0, Nanos: <= 0 } => null,
        _ when timeout.Seconds >= longestTimeout.TotalSeconds => longestTimeout,
        _ => TimeSpan.FromSeconds(timeout.Seconds) + TimeSpan.FromMilliseconds(Math.Clamp(timeout.Nanos, 0, 999_999_999) / 1_000_000),
    };

    private static RpcException Bad(string message) => new(StatusCode.InvalidArgument, message);
}
