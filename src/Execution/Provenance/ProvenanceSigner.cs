using System.Security.Cryptography;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using RemoteExec.Execution.Operations;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Provenances;
using RemoteExec.Protocol.Workers;

namespace RemoteExec.Execution.Provenance;

/// <summary>Signs what workers made of actions: who asked, where it ran, when, and what came of it. Thread-safe.</summary>
public sealed class ProvenanceSigner : IDisposable
{
    private readonly ECDsa key;
    private readonly string id;
    private readonly TimeProvider time;
    private readonly Lock gate = new(); // guards the key: the framework does not promise that several threads may use one

    private ProvenanceSigner(ECDsa key, TimeProvider time) => (this.key, id, this.time) = (key, ProvenanceKey.IdOf(key), time);

    /// <summary>One with the private key in a PEM text.</summary>
    /// <exception cref="FormatException">There is none in it on the curve P-256; the message does not quote it.</exception>
    public static ProvenanceSigner Parse(string pem, TimeProvider time) => new(ProvenanceKey.ReadPrivate(pem), time);

    /// <inheritdoc/>
    public void Dispose() => key.Dispose();

    /// <summary>A copy of a worker's response, with a statement beside its result; the statements that it brought along are gone.</summary>
    /// <param name="response">The response. It stays as it is: others may be reading it.</param>
    /// <param name="action">The action.</param>
    /// <param name="submission">What was said about the action by whoever asked for it; null if nobody is left.</param>
    internal Reapi.ExecuteResponse Sign(Reapi.ExecuteResponse response, Digest action, Submission? submission)
    {
        Reapi.ExecuteResponse signed = response.Clone();
        Reapi.ExecutedActionMetadata metadata = signed.Result.ExecutionMetadata ??= new Reapi.ExecutedActionMetadata();
        ByteString statement = Describe(signed.Result, metadata, action, submission).ToByteString();
        byte[] signature;
        lock (gate)
            signature = key.SignData(StatementBytes.Of(statement.Span), HashAlgorithmName.SHA256);
        Statements.Remove(metadata);
        metadata.AuxiliaryMetadata.Add(Any.Pack(new Protocol.Provenances.Provenance { Statement = statement, Signature = UnsafeByteOperations.UnsafeWrap(signature), Key = id }));
        return signed;
    }

    private Statement Describe(Reapi.ActionResult result, Reapi.ExecutedActionMetadata metadata, Digest action, Submission? submission)
    {
        Reapi.RequestMetadata? said = submission?.RequestMetadata;
        Usage? usage = Statements.All<Usage>(metadata).FirstOrDefault();
        return new Statement
        {
            InstanceName = action.Instance.Value,
            DigestFunction = (Reapi.DigestFunction.Types.Value)action.Function,
            Action = action.ToProto(),
            ResultSha256 = UnsafeByteOperations.UnsafeWrap(ResultFields.HashOf(result, action)),
            Caller = submission?.Caller ?? "",
            CallerMethod = submission?.CallerMethod ?? "",
            Tool = said?.ToolDetails is { } tool ? $"{tool.ToolName} {tool.ToolVersion}".Trim() : "",
            Invocation = said?.ToolInvocationId ?? "",
            Target = said?.TargetId ?? "",
            Mnemonic = said?.ActionMnemonic ?? "",
            Worker = metadata.Worker,
            Host = usage?.Host ?? "",
            Sandbox = usage?.Sandbox ?? "",
            Queued = metadata.QueuedTimestamp,
            Started = metadata.ExecutionStartTimestamp,
            Completed = metadata.ExecutionCompletedTimestamp,
            Signed = Timestamp.FromDateTimeOffset(time.GetUtcNow()),
        };
    }
}
