using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using RemoteExec.Cas.Builds;
using RemoteExec.Protocol;
using Digest = RemoteExec.Protocol.Digest;

namespace RemoteExec.Builds.Tests.Records;

/// <summary>A call as services tell of it.</summary>
internal sealed record ToldCall(CallKind Kind, Digest Digest)
{
    /// <summary>Where the clock of tests stands.</summary>
    public static DateTimeOffset Began { get; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public string? Invocation { get; init; } = "build-1";

    public string Tool { get; init; } = "bazel";

    public string Mnemonic { get; init; } = "Genrule";

    public string Target { get; init; } = "//:a";

    public string? UserAgent { get; init; }

    public TimeSpan? Run { get; init; }

    public string? Outcome { get; init; }

    public int ExitCode { get; init; }

    public bool IsMerged { get; init; }

    public long Bytes { get; init; }

    public static Digest ActionOf(int number, string instance = "") =>
        IncrementalHasher.Compute(RemoteExec.Protocol.InstanceName.Parse(instance), DigestFunction.Sha256, BitConverter.GetBytes(number));

    public void Tell(ICallObserver observer) => observer.Observe(new CallEvent
    {
        Kind = Kind,
        Digest = Digest,
        Metadata = Invocation is null ? null : new CallMetadata(new Reapi.RequestMetadata
        {
            ToolDetails = new Reapi.ToolDetails { ToolName = Tool, ToolVersion = "4.2.3" },
            ActionId = Digest.Hash,
            ToolInvocationId = Invocation,
            ActionMnemonic = Mnemonic,
            TargetId = Target,
        }.ToByteArray()),
        UserAgent = UserAgent,
        Execution = Run is { } run ? new Reapi.ExecutedActionMetadata
        {
            Worker = "worker-1",
            QueuedTimestamp = Timestamp.FromDateTimeOffset(Began),
            WorkerStartTimestamp = Timestamp.FromDateTimeOffset(Began.AddMilliseconds(40)),
            ExecutionStartTimestamp = Timestamp.FromDateTimeOffset(Began.AddMilliseconds(100)),
            ExecutionCompletedTimestamp = Timestamp.FromDateTimeOffset(Began.AddMilliseconds(100) + run),
        }.ToByteArray() : [],
        Outcome = Outcome,
        ExitCode = ExitCode,
        IsMerged = IsMerged,
        Bytes = Bytes,
        Blobs = 1,
    });
}
