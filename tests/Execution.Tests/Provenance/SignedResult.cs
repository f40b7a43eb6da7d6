using System.Security.Cryptography;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using RemoteExec.Execution.Operations;
using RemoteExec.Execution.Provenance;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Workers;
using RemoteExec.TestKit;

namespace RemoteExec.Execution.Tests.Provenance;

/// <summary>A result with everything that results can have, and what signs it.</summary>
internal sealed class SignedResult : IDisposable
{
    public static readonly Digest Action = TestBlob.Random(1, 142, "team").Digest;
    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ProvenanceSigner signer;

    public SignedResult()
    {
        signer = ProvenanceSigner.Parse(key.ExportPkcs8PrivateKeyPem(), Time);
        Verifier = ProvenanceVerifier.Parse(PublicKey);
    }

    public ManualTimeProvider Time { get; } = new();

    public ProvenanceVerifier Verifier { get; }

    public string PublicKey => key.ExportSubjectPublicKeyInfoPem();

    public string KeyId => Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()));

    public static byte[] Stdout { get; } = "what it wrote"u8.ToArray();

    public static byte[] Content { get; } = "what it made"u8.ToArray();

    private static Reapi.Digest Digest(int seed) => TestBlob.Random(seed, 10 + seed, "team").Digest.ToProto();

    private static Timestamp At(int seconds) => new() { Seconds = 1_767_225_600 + seconds, Nanos = 5_000_000 };

    /// <summary>What the client said, and who it was.</summary>
    public static Submission Submission { get; } = new()
    {
        Caller = "ann",
        CallerMethod = "token",
        RequestMetadata = new Reapi.RequestMetadata
        {
            ToolDetails = new Reapi.ToolDetails { ToolName = "bazel", ToolVersion = "8.1.0" },
            ToolInvocationId = "build-1",
            TargetId = "//app",
            ActionMnemonic = "Genrule",
        },
    };

    /// <summary>The result as a worker tells it.</summary>
    public static Reapi.ActionResult Make() => new()
    {
        ExitCode = 3,
        StdoutDigest = TestBlob.Of(Stdout, "team").Digest.ToProto(),
        StderrDigest = Digest(3),
        OutputFiles =
        {
            new Reapi.OutputFile { Path = "a", Digest = TestBlob.Of(Content, "team").Digest.ToProto(), IsExecutable = true },
            new Reapi.OutputFile
            {
                Path = "b/\u00e9", Digest = Digest(5),
                NodeProperties = new Reapi.NodeProperties { Properties = { new Reapi.NodeProperty { Name = "n", Value = "v" } }, Mtime = At(1), UnixMode = 420 },
            },
            new Reapi.OutputFile { Path = "c", Digest = Digest(6), NodeProperties = new Reapi.NodeProperties() },
        },
        OutputSymlinks = { new Reapi.OutputSymlink { Path = "link", Target = "a", NodeProperties = new Reapi.NodeProperties { UnixMode = 511 } } },
        OutputDirectories = { new Reapi.OutputDirectory { Path = "dir", TreeDigest = Digest(7), RootDirectoryDigest = Digest(8), IsTopologicallySorted = true } },
        ExecutionMetadata = new Reapi.ExecutedActionMetadata
        {
            Worker = "worker-1",
            QueuedTimestamp = At(0),
            WorkerStartTimestamp = At(1),
            ExecutionStartTimestamp = At(2),
            ExecutionCompletedTimestamp = At(9),
            AuxiliaryMetadata = { Any.Pack(new Usage { Sandbox = "cached-trees", Host = "build-7" }), Any.Pack(new Duration { Seconds = 1 }) },
        },
    };

    /// <summary>The same with the deprecated lists, as workers of old have them.</summary>
    public static Reapi.ActionResult MakeOld()
    {
        Reapi.ActionResult result = Make();
#pragma warning disable CS0612 // deprecated
        result.OutputFileSymlinks.Add(new Reapi.OutputSymlink { Path = "old", Target = "b" });
        result.OutputDirectorySymlinks.Add(new Reapi.OutputSymlink { Path = "older", Target = "dir" });
#pragma warning restore CS0612
        return result;
    }

    /// <summary>The result, signed.</summary>
    public Reapi.ActionResult Sign(Reapi.ActionResult? result = null, Digest? action = null) =>
        signer.Sign(new Reapi.ExecuteResponse { Result = result ?? Make() }, action ?? Action, Submission).Result;

    public Reapi.ExecuteResponse Sign(Reapi.ExecuteResponse response) => signer.Sign(response, Action, Submission);

    /// <summary>What is signed of a result.</summary>
    public static Protocol.Provenances.Provenance ProvenanceOf(Reapi.ActionResult result) =>
        result.ExecutionMetadata.AuxiliaryMetadata.Single(any => any.Is(Protocol.Provenances.Provenance.Descriptor)).Unpack<Protocol.Provenances.Provenance>();

    /// <summary>A result with something else signed.</summary>
    public static Reapi.ActionResult With(Reapi.ActionResult result, params Protocol.Provenances.Provenance[] signed)
    {
        Reapi.ActionResult copy = result.Clone();
        Any[] others = [.. copy.ExecutionMetadata.AuxiliaryMetadata.Where(any => !any.Is(Protocol.Provenances.Provenance.Descriptor))];
        copy.ExecutionMetadata.AuxiliaryMetadata.Clear();
        copy.ExecutionMetadata.AuxiliaryMetadata.Add([.. signed.Select(Any.Pack), .. others]);
        return copy;
    }

    public void Dispose()
    {
        signer.Dispose();
        Verifier.Dispose();
        key.Dispose();
    }
}
