using System.Security.Cryptography;
using Google.Protobuf;
using RemoteExec.ActionCache;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Provenances;

namespace RemoteExec.Execution.Provenance;

/// <summary>Tells whether results are what <see cref="ProvenanceSigner"/> has signed. Not thread-safe.</summary>
public sealed class ProvenanceVerifier : IDisposable
{
    private const int SignatureBytes = 64;
    private readonly IReadOnlyList<ECDsa> keys;

    private ProvenanceVerifier(IReadOnlyList<ECDsa> keys) => this.keys = keys;

    /// <summary>One that believes the public keys in a PEM text.</summary>
    /// <exception cref="FormatException">There is none in it, or one that is not on the curve P-256.</exception>
    public static ProvenanceVerifier Parse(string pem) => new(ProvenanceKey.ReadPublic(pem));

    /// <summary>Judges a result.</summary>
    /// <param name="result">The result, from wherever it may be.</param>
    /// <param name="action">The action that it is said to be of.</param>
    public ProvenanceVerdict Verify(Reapi.ActionResult result, Digest action)
    {
        ProvenanceVerdict verdict = new ProvenanceVerdict.Unsigned();
        foreach (Protocol.Provenances.Provenance signed in Statements.All<Protocol.Provenances.Provenance>(result.ExecutionMetadata))
        {
            verdict = Verify(signed, result, action);
            if (verdict is ProvenanceVerdict.Good)
                break; // others may have signed it as well
        }

        return verdict;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (ECDsa key in keys)
            key.Dispose();
    }

    private ProvenanceVerdict Verify(Protocol.Provenances.Provenance signed, Reapi.ActionResult result, Digest action)
    {
        byte[] bytes = StatementBytes.Of(signed.Statement.Span);
        if (signed.Signature.Length != SignatureBytes || keys.FirstOrDefault(key => key.VerifyData(bytes, signed.Signature.Span, HashAlgorithmName.SHA256)) is not { } signer)
            return new ProvenanceVerdict.Bad($"the statement is not signed with the key, or was changed (it says that it is signed with {Abbreviate(signed.Key)})");
        Statement statement = Statement.Parser.ParseFrom(signed.Statement); // which its signer has written
        return FindProblem(statement, result, action) is { } problem
            ? new ProvenanceVerdict.Bad(problem)
            : new ProvenanceVerdict.Good(statement, ProvenanceKey.IdOf(signer));
    }

    private static string? FindProblem(Statement statement, Reapi.ActionResult result, Digest action)
    {
        if (statement.InstanceName != action.Instance.Value)
            return $"it was signed for the instance '{statement.InstanceName}', and not for '{action.Instance}'";
        if (statement.DigestFunction != (Reapi.DigestFunction.Types.Value)action.Function || !action.ToProto().Equals(statement.Action))
            return "it was signed for another action";
        if (!ActionResultValidator.TryValidate(result, action, out string? error))
            return $"the result is malformed: {error}";
        if (HasUnknownFields(result))
            return "the result has fields that this version does not know, and that no signature covers";
        if (!CryptographicOperations.FixedTimeEquals(statement.ResultSha256.Span, ResultFields.HashOf(result, action)))
            return "the result is not what was signed: its exit code, an output or a log was changed";
        Reapi.ExecutedActionMetadata told = result.ExecutionMetadata;
        if (told.Worker != statement.Worker)
            return $"the result says that worker '{told.Worker}' made it, and what was signed that '{statement.Worker}' did";
        return Equals(told.QueuedTimestamp, statement.Queued) && Equals(told.ExecutionStartTimestamp, statement.Started) && Equals(told.ExecutionCompletedTimestamp, statement.Completed)
            ? null
            : "the result says that it was made at another time than what was signed says";
    }

    private static bool HasUnknownFields(Reapi.ActionResult result) =>
        Reapi.ActionResult.Parser.WithDiscardUnknownFields(true).ParseFrom(result.ToByteString()).CalculateSize() != result.CalculateSize();

    private static string Abbreviate(string key) => key.Length == 0 ? "no key" : $"key {key[..Math.Min(key.Length, 16)]}";
}
