using Google.Devtools.Build.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Ids = RemoteExec.TestKit.Bazel.BuildEventId.Types;
using WireEvent = Google.Devtools.Build.V1.BuildEvent;

namespace RemoteExec.TestKit.Bazel;

/// <summary>The events of a build that is made up, one after the other, as Bazel would number and send them.</summary>
/// <param name="invocation">What the build calls itself.</param>
public sealed class BuildScript(string invocation)
{
    private readonly List<PublishBuildToolEventStreamRequest> requests = [];

    /// <summary>What there is so far.</summary>
    public IReadOnlyList<PublishBuildToolEventStreamRequest> Requests => requests;

    /// <summary>The stream's id.</summary>
    public StreamId StreamId { get; } = new() { BuildId = $"of-{invocation}", InvocationId = invocation, Component = StreamId.Types.BuildComponent.Tool };

    /// <summary>Adds an event of Bazel's.</summary>
    public BuildScript Add(BuildEvent happened) => Add(new WireEvent { BazelEvent = new Any { TypeUrl = "type.googleapis.com/build_event_stream.BuildEvent", Value = happened.ToByteString() } });

    /// <summary>Adds any event.</summary>
    public BuildScript Add(WireEvent happened)
    {
        requests.Add(new PublishBuildToolEventStreamRequest
        {
            OrderedBuildEvent = new OrderedBuildEvent { StreamId = StreamId, SequenceNumber = requests.Count + 1, Event = happened },
        });
        return this;
    }

    /// <summary>The client begins.</summary>
    public BuildScript Start(string command = "build", string user = "", params string[] patterns) =>
        Add(new BuildEvent
        {
            Id = new BuildEventId { Started = new Ids.Empty() },
            Started = new BuildStarted { Uuid = invocation, Command = command, BuildToolVersion = "4.2.3", WorkspaceDirectory = "/home/me/project", StartTimeMillis = 1_767_225_600_000 },
        })
        .Add(new BuildEvent
        {
            Id = new BuildEventId { WorkspaceStatus = new Ids.Empty() },
            WorkspaceStatus = new WorkspaceStatus { Item = { new WorkspaceStatus.Types.Item { Key = "BUILD_HOST", Value = "desk" }, new WorkspaceStatus.Types.Item { Key = "BUILD_USER", Value = user } } },
        })
        .Add(new BuildEvent { Id = new BuildEventId { Pattern = new Ids.Pattern { Pattern_ = { patterns } } }, Expanded = new PatternExpanded() });

    /// <summary>A target is analysed, and done with.</summary>
    public BuildScript Target(string label, bool isGood, string kind = "cc_library rule") =>
        Add(new BuildEvent { Id = new BuildEventId { TargetConfigured = new Ids.Target { Label = label } }, Configured = new TargetConfigured { TargetKind = kind } })
        .Add(new BuildEvent { Id = new BuildEventId { TargetCompleted = new Ids.Target { Label = label } }, Completed = new TargetComplete { Success = isGood } });

    /// <summary>A test is run once.</summary>
    public BuildScript Ran(string label, TestStatus status, int attempt = 1, int milliseconds = 1000) => Add(new BuildEvent
    {
        Id = new BuildEventId { TestResult = new Ids.TestResult { Label = label, Run = 1, Shard = 1, Attempt = attempt } },
        TestResult = new TestResult
        {
            Status = status,
            TestAttemptDurationMillis = milliseconds,
            TestActionOutput = { new OutputFile { Name = "test.log", Uri = $"bytestream://cache/blobs/{attempt}" }, new OutputFile { Name = "test.xml", Uri = "file:///nowhere" } },
        },
    });

    /// <summary>A test is done with.</summary>
    public BuildScript Summed(string label, TestStatus status) =>
        Add(new BuildEvent { Id = new BuildEventId { TestSummary = new Ids.Target { Label = label } }, TestSummary = new TestSummary { OverallStatus = status } });

    /// <summary>The client ends, and so does the stream.</summary>
    public BuildScript Finish(int exitCode, string exitName) =>
        Add(new BuildEvent
        {
            Id = new BuildEventId { BuildFinished = new Ids.Empty() },
            Finished = new BuildFinished { FinishTimeMillis = 1_767_225_607_500, ExitCode = new BuildFinished.Types.ExitCode { Code = exitCode, Name = exitName } },
        })
        .End();

    /// <summary>The stream ends.</summary>
    public BuildScript End() =>
        Add(new WireEvent { ComponentStreamFinished = new WireEvent.Types.BuildComponentStreamFinished { Type = WireEvent.Types.BuildComponentStreamFinished.Types.FinishType.Finished } });
}
