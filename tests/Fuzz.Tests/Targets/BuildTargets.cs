using System.Buffers;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Builds.Calls;
using RemoteExec.Builds.Events;
using RemoteExec.Builds.Explain.History;
using RemoteExec.Builds.Records;
using RemoteExec.Builds.Services;
using RemoteExec.Builds.Sharing;
using RemoteExec.Builds.Storage;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Sharing;
using RemoteExec.Rpc;
using RemoteExec.TestKit;
using RemoteExec.TestKit.Bazel;

namespace RemoteExec.Fuzz.Tests.Targets;

/// <summary>What clients say with each call, read by hand; and what lies in the database of builds.</summary>
internal static class BuildTargets
{
    private static readonly Timestamp moment = new() { Seconds = 1_767_225_600, Nanos = 5_000_000 };

    private static readonly ActionDelta action = new()
    {
        Digest = TestBlob.Of([1, 2, 3]).Digest,
        Flags = ActionFlags.Miss | ActionFlags.Executed,
        First = 1_767_225_600_000,
        Last = 1_767_225_600_700,
        Mnemonic = "Genrule",
        Target = "//:a",
        Configuration = "k8",
        Worker = "worker-1",
        Ending = "ok",
        ExitCode = -1,
        Queue = 3,
        Fetch = -1,
        Run = 500,
        Upload = 7,
        BytesSent = 100,
        BytesReceived = 30,
    };

    private static readonly BuildPart part = new()
    {
        Invocation = "build-1",
        Tool = "bazel",
        Began = 1_767_225_600_000,
        Seen = 1_767_225_600_700,
        Calls = 3,
        BytesSent = 100,
        Actions = { ByteString.CopyFrom(ActionChunk.Encode([action])) },
    };

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("action-chunk", [ActionChunk.Encode([action, action with { Ending = "", Target = "", BytesSent = 0, BytesReceived = 0 }]), ActionChunk.Encode([])], bytes =>
        {
            if (ActionChunk.TryDecode(default, bytes, out List<ActionDelta>? actions))
                Assert.InRange(MergedActions.Of(actions).Count, 0, actions.Count);
        }),
        new("build-event", Events(), CompareEvent, typeof(EventMalformedException)),
        new("shared-batch", [Pack(new BuildBatch { Builds = { part, new BuildPart() } }), Pack(new BuildBatch()), []], TakeIn),
        new("shared-history", [new HistoryBatch { Entries = { Entry(entry => entry.Asked = new Asked()), Entry(Learn), Entry(Miss) } }.ToByteArray(), []], TakeInHistory),
        new("build-event-request", [.. Script().Requests.Select(request => request.ToByteArray())], bytes =>
        {
            StreamEvent told = EventRequests.Read(EventRequests.Parse(new ReadOnlySequence<byte>(bytes)));
            Assert.InRange(told.Sequence, 1, long.MaxValue);
            Assert.NotEmpty(told.Stream.Invocation);
        }, typeof(RpcException)),
        new("call-metadata", [
            new Reapi.RequestMetadata
            {
                ToolDetails = new Reapi.ToolDetails { ToolName = "bazel", ToolVersion = "7.4.1" },
                ActionId = "abc",
                ToolInvocationId = "build-1",
                CorrelatedInvocationsId = "commit",
                ActionMnemonic = "Genrule",
                TargetId = "//:a",
                ConfigurationId = "k8",
            }.ToByteArray(), []], CompareMetadata),
        new("execution-times", [
            new Reapi.ExecutedActionMetadata { Worker = "worker-1", QueuedTimestamp = moment, WorkerStartTimestamp = moment, ExecutionStartTimestamp = moment, ExecutionCompletedTimestamp = moment }.ToByteArray(), []],
            bytes =>
            {
                var times = new ExecutionTimes(bytes, all: true);
                Assert.InRange(times.Run ?? 0, 0, long.MaxValue);
                Assert.InRange(times.Queue ?? 0, 0, long.MaxValue);
                Assert.Equal(times.Run, new ExecutionTimes(bytes, all: false).Run);
            }),
    ];

    private static IReadOnlyList<byte[]> Events() => [.. Script().Requests.Select(request => request.OrderedBuildEvent.Event.BazelEvent?.Value.ToByteArray() ?? [])];

    private static BuildScript Script() =>
        new BuildScript("build-1").Start("test", "ann", "//...", "-//b").Target("//:a", isGood: true).Ran("//:t", RemoteExec.TestKit.Bazel.TestStatus.Failed).Summed("//:t", RemoteExec.TestKit.Bazel.TestStatus.Failed)
            .Add(new BuildEvent { Aborted = new Aborted { Reason = Aborted.Types.Reason.LoadingFailure, Description = "no such package" } })
            .Add(new BuildEvent { Action = new ActionExecuted { ExitCode = 3, Type = "Genrule", Stderr = new OutputFile { Name = "stderr", Uri = "bytestream://a/blobs/b/3" } } })
            .Add(new BuildEvent { BuildMetrics = new BuildMetrics { TimingMetrics = new BuildMetrics.Types.TimingMetrics { WallTimeInMs = 1234, CriticalPathTime = new Duration { Seconds = 1, Nanos = 5_000_000 } } } })
            .Finish(3, "TESTS_FAILED");

    private static void CompareEvent(byte[] bytes)
    {
        BuildFact? fact = BazelEvent.Read(bytes);
        // What stands there twice, or is of another type than it should be, is another matter.
        if (FuzzTargets.Message(BuildEvent.Parser.WithDiscardUnknownFields(true), bytes) is not { } message || !message.ToByteArray().AsSpan().SequenceEqual(bytes))
            return;
        switch (fact)
        {
            case BuildFact.Finished finished:
                Assert.Equal((message.Finished.ExitCode?.Code ?? (message.Finished.OverallSuccess ? 0 : 1), Cut(message.Finished.ExitCode?.Name, 256)), (finished.ExitCode, finished.ExitName));
                break;
            case BuildFact.TargetKnown known when message.Id.IdCase == BuildEventId.IdOneofCase.TargetConfigured:
                Assert.Equal((Cut(message.Id.TargetConfigured.Label, 1024), Cut(message.Configured.TargetKind, 256)), (known.Label, known.Kind));
                break;
            case BuildFact.TestRan ran when message.Id.IdCase == BuildEventId.IdOneofCase.TestResult:
                Assert.Equal((Cut(message.Id.TestResult.Label, 1024), message.TestResult.CachedLocally), (ran.Label, ran.IsCachedLocally));
                break;
            case BuildFact.Started started:
                Assert.Equal((Cut(message.Started.Command, 256), Cut(message.Started.WorkspaceDirectory, 1024)), (started.Command, started.Workspace));
                break;
        }
    }

    private static string Cut(string? text, int longest) => text is null ? "" : Encoding.UTF8.GetByteCount(text) <= longest ? text : throw new NotSupportedException("no seed is as long as that");

    private static byte[] Pack(BuildBatch batch) => SharedPayload.PackAsync(batch.ToByteArray(), CancellationToken.None).AsTask().GetAwaiter().GetResult();

    private static void TakeIn(byte[] bytes)
    {
        if (SharedPayload.UnpackAsync(bytes, BuildBatch.Parser, CancellationToken.None).AsTask().GetAwaiter().GetResult() is not { } batch)
            return;
        using var directory = new TemporaryDirectory();
        var counts = new SharingCounts(NullLogger.Instance);
        using var database = BuildDatabase.Open(directory["builds.db"], [RecordTables.Schema, SharingTables.Schema], NullLogger.Instance);
        var ledger = new SharingLedger<BuildBatch>(1 << 20, counts);
        var recorder = new BuildRecorder(new BuildRecordOptions(TimeSpan.FromDays(1), 1 << 20), _ => null) { Shared = new SharedBuilds(ledger, counts) };
        ledger.Arrive([new Received<BuildBatch>("other", 1, batch)], new StreamPosition("generation", "1-1"));
        recorder.Write(database.Writer, DateTimeOffset.UnixEpoch);
    }

    private static HistoryEntry Entry(Action<HistoryEntry> what)
    {
        var entry = new HistoryEntry
        {
            Function = (int)action.Digest.Function,
            Hash = ByteString.CopyFrom(action.Digest.HashSpan),
            Size = 100,
            Invocation = "build-1",
            Target = "//:a",
            Mnemonic = "Genrule",
            At = 1_767_225_600_000,
        };
        what(entry);
        return entry;
    }

    private static void Learn(HistoryEntry entry) => entry.Learned = new Learned
    {
        Action = new Reapi.Action { CommandDigest = action.Digest.ToProto(), InputRootDigest = action.Digest.ToProto() }.ToByteString(),
        Command = new Reapi.Command { Arguments = { "cc", "-c" }, OutputPaths = { "a.o" } }.ToByteString(),
    };

    private static void Miss(HistoryEntry entry) => entry.Missed = new Missed
    {
        Duration = 1500,
        Explanation = ByteString.CopyFromUtf8("""{"action":"sha256:a/1","at":"2026-01-01T00:00:00+00:00","seconds":1.5,"cause":{"kind":"argument","subject":"-O2","sentence":"flag -O2 is new"},"chain":[],"others":[],"confidence":"complete"}"""),
    };

    private static void TakeInHistory(byte[] bytes)
    {
        if (FuzzTargets.Message(HistoryBatch.Parser, bytes) is not { } batch)
            return;
        using var directory = new TemporaryDirectory();
        var counts = new SharingCounts(NullLogger.Instance);
        using var database = BuildDatabase.Open(directory["explain.db"], [HistorySchema.Tables, SharingTables.Schema], NullLogger.Instance);
        var ledger = new SharingLedger<HistoryBatch>(1 << 20, counts);
        ledger.Arrive([new Received<HistoryBatch>("other", 1, batch)], new StreamPosition("generation", "1-1"));
        Assert.Equal(batch.Entries.Count, new SharedHistory(ledger, counts).TakeIn(database, new HistoryLimits(), DateTimeOffset.UnixEpoch));
        using var reader = new Statements(database.Writer);
        Assert.InRange(new MissTable(reader).OfBuild("build-1")?.Misses ?? 0, 0, batch.Entries.Count);
    }

    private static void CompareMetadata(byte[] bytes)
    {
        var fields = new MetadataFields(bytes);
        // What stands there twice is another matter.
        if (FuzzTargets.Message(Reapi.RequestMetadata.Parser, bytes) is not { } message || !message.ToByteArray().AsSpan().SequenceEqual(bytes))
            return;
        Assert.Equal(
            (message.ToolInvocationId, message.ActionMnemonic, message.TargetId, message.ToolDetails?.ToolName ?? ""),
            (Text(fields.Invocation), Text(fields.Mnemonic), Text(fields.Target), Text(fields.Tool)));
    }

    private static string Text(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetString(utf8);
}
