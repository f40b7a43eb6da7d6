using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using RemoteExec.Execution.Provenance;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Provenances;
using RemoteExec.TestKit;

namespace RemoteExec.Execution.Tests.Provenance;

/// <summary>What is signed of a result, and what is found when it was changed.</summary>
public sealed class ProvenanceTests : IDisposable
{
    private readonly SignedResult signed = new();

    // Each changes one thing that is covered.
    private static readonly (string Name, Action<Reapi.ActionResult> Change)[] changes =
    [
        ("exit code", result => result.ExitCode = 0),
        ("stdout", result => result.StdoutDigest = result.StderrDigest),
        ("stdout's length", result => result.StdoutDigest.SizeBytes++),
        ("stdout taken away", result => result.StdoutDigest = null),
        ("stderr", result => result.StderrDigest = result.StdoutDigest),
        ("stdout and stderr exchanged", result => (result.StdoutDigest, result.StderrDigest) = (result.StderrDigest, result.StdoutDigest)),
        ("a file's content", result => result.OutputFiles[1].Digest = result.OutputFiles[0].Digest),
        ("a file's path", result => result.OutputFiles[0].Path = "x"),
        ("executable or not", result => result.OutputFiles[0].IsExecutable = false),
        ("executable, another", result => result.OutputFiles[1].IsExecutable = true),
        ("a file's property", result => result.OutputFiles[1].NodeProperties.Properties[0].Value = "w"),
        ("a file's property's name", result => result.OutputFiles[1].NodeProperties.Properties[0].Name = "m"),
        ("a property more", result => result.OutputFiles[1].NodeProperties.Properties.Add(new Reapi.NodeProperty { Name = "n", Value = "v" })),
        ("a file's time", result => result.OutputFiles[1].NodeProperties.Mtime.Nanos++),
        ("a file's seconds", result => result.OutputFiles[1].NodeProperties.Mtime.Seconds++),
        ("a file's time taken away", result => result.OutputFiles[1].NodeProperties.Mtime = null),
        ("a file's mode", result => result.OutputFiles[1].NodeProperties.UnixMode = 493),
        ("a file's mode taken away", result => result.OutputFiles[1].NodeProperties.UnixMode = null),
        ("properties that are empty taken away", result => result.OutputFiles[2].NodeProperties = null),
        ("properties added", result => result.OutputFiles[0].NodeProperties = new Reapi.NodeProperties { UnixMode = 2541 }),
        ("a file more", result => result.OutputFiles.Add(new Reapi.OutputFile { Path = "new", Digest = result.StderrDigest })),
        ("a file less", result => result.OutputFiles.RemoveAt(1)),
        ("files in another order", result => (result.OutputFiles[0], result.OutputFiles[1]) = (result.OutputFiles[1], result.OutputFiles[0])),
        ("a link's path", result => result.OutputSymlinks[0].Path = "x"),
        ("a link's target", result => result.OutputSymlinks[0].Target = "/etc/passwd"),
        ("a link's mode", result => result.OutputSymlinks[0].NodeProperties.UnixMode = 1),
        ("a link more", result => result.OutputSymlinks.Add(new Reapi.OutputSymlink { Path = "x", Target = "y" })),
        ("a link less", result => result.OutputSymlinks.Clear()),
        ("a link of old", result => Old(result).Files[0].Target = "z"),
        ("a link of old, to a directory", result => Old(result).Directories[0].Path = "z"),
        ("a link of old among the others", result => Old(result).Directories.Add(Old(result).Files[0].Clone())),
        ("a directory's path", result => result.OutputDirectories[0].Path = "x"),
        ("a directory's tree", result => result.OutputDirectories[0].TreeDigest = result.StderrDigest),
        ("a directory's root", result => result.OutputDirectories[0].RootDirectoryDigest = result.StderrDigest),
        ("a directory's root taken away", result => result.OutputDirectories[0].RootDirectoryDigest = null),
        ("a directory's order", result => result.OutputDirectories[0].IsTopologicallySorted = false),
        ("a directory more", result => result.OutputDirectories.Add(result.OutputDirectories[0].Clone())),
        ("a directory less", result => result.OutputDirectories.Clear()),
        ("the worker", result => result.ExecutionMetadata.Worker = "worker-2"),
        ("when it was queued", result => result.ExecutionMetadata.QueuedTimestamp.Seconds--),
        ("when it began", result => result.ExecutionMetadata.ExecutionStartTimestamp = null),
        ("when it ended", result => result.ExecutionMetadata.ExecutionCompletedTimestamp.Nanos++),
        ("stdout inlined, another", result => result.StdoutRaw = ByteString.CopyFromUtf8("other")),
        ("stderr inlined, without a digest", result => (result.StderrDigest, result.StderrRaw) = (null, ByteString.CopyFromUtf8("other"))),
        ("a file inlined, another", result => result.OutputFiles[0].Contents = ByteString.CopyFromUtf8("other")),
        ("a field that nobody knows", result => result.MergeFrom((byte[])[0xf8, 0x3f, 1])),
        ("a field that nobody knows, inside", result => result.OutputFiles[0].MergeFrom((byte[])[0xf8, 0x3f, 1])),
        ("a path with a piece of what follows", result => (result.OutputFiles[0].Path, result.OutputFiles[0].IsExecutable) = ("a,1:x", false)),
    ];

    // What servers and clients may do to a result on its way.
    private static readonly (string Name, Action<Reapi.ActionResult> Change)[] moves =
    [
        ("nothing", _ => { }),
        ("stdout inlined beside its digest", result => result.StdoutRaw = ByteString.CopyFrom(SignedResult.Stdout)),
        ("stdout inlined in place of its digest", result => (result.StdoutRaw, result.StdoutDigest) = (ByteString.CopyFrom(SignedResult.Stdout), null)),
        ("a file inlined beside its digest", result => result.OutputFiles[0].Contents = ByteString.CopyFrom(SignedResult.Content)),
        ("something else said beside it", result => result.ExecutionMetadata.AuxiliaryMetadata.Insert(0, Any.Pack(new Duration { Seconds = 5 }))),
        ("something said beside it that nobody can read", result => result.ExecutionMetadata.AuxiliaryMetadata.Insert(0, new Any { TypeUrl = "type.googleapis.com/remoteexec.provenance.v1.Provenance", Value = ByteString.CopyFrom(0xff) })),
    ];

    public static TheoryData<string> Changes { get; } = [.. changes.Select(change => change.Name)];

    public static TheoryData<string> Moves { get; } = [.. moves.Select(move => move.Name)];

    public void Dispose() => signed.Dispose();

    [Fact]
    public void What_is_signed_says_who_where_when_and_what()
    {
        ProvenanceVerdict.Good good = Assert.IsType<ProvenanceVerdict.Good>(signed.Verifier.Verify(signed.Sign(), SignedResult.Action));

        Statement statement = good.Statement;
        Assert.Equal(("team", SignedResult.Action.ToProto()), (statement.InstanceName, statement.Action));
        Assert.Equal(("ann", "token"), (statement.Caller, statement.CallerMethod));
        Assert.Equal(("bazel 8.1.0", "build-1", "//app", "Genrule"), (statement.Tool, statement.Invocation, statement.Target, statement.Mnemonic));
        Assert.Equal(("worker-1", "build-7", "cached-trees"), (statement.Worker, statement.Host, statement.Sandbox));
        Assert.Equal(signed.Time.GetUtcNow(), statement.Signed.ToDateTimeOffset());
        Assert.Equal(SignedResult.Make().ExecutionMetadata.ExecutionStartTimestamp, statement.Started);
        Assert.Equal(signed.KeyId, good.Key);
    }

    [Fact]
    public void What_was_to_be_signed_stays_as_it_is()
    {
        var response = new Reapi.ExecuteResponse { Result = SignedResult.Make(), Message = "a word" };
        Reapi.ExecuteResponse before = response.Clone();

        Reapi.ExecuteResponse after = signed.Sign(response);

        Assert.Equal(before, response);
        Assert.Equal("a word", after.Message);
        Assert.Equal(response.Result, SignedResult.With(after.Result));
    }

    [Theory]
    [MemberData(nameof(Changes))]
    public void Whatever_is_changed_is_found(string name)
    {
        Reapi.ActionResult result = signed.Sign(SignedResult.MakeOld());
        Assert.IsType<ProvenanceVerdict.Good>(signed.Verifier.Verify(result, SignedResult.Action));

        changes.Single(change => change.Name == name).Change(result);

        Assert.IsType<ProvenanceVerdict.Bad>(signed.Verifier.Verify(result, SignedResult.Action));
    }

    [Theory]
    [MemberData(nameof(Moves))]
    public void What_happens_on_the_way_is_no_change(string name)
    {
        Reapi.ActionResult result = signed.Sign();

        moves.Single(move => move.Name == name).Change(result);
        Reapi.ActionResult read = Reapi.ActionResult.Parser.ParseFrom(result.ToByteArray());

        Assert.IsType<ProvenanceVerdict.Good>(signed.Verifier.Verify(read, SignedResult.Action));
    }

    [Fact]
    public void Every_byte_of_the_statement_and_its_signature_counts()
    {
        Reapi.ActionResult result = signed.Sign();
        Protocol.Provenances.Provenance good = SignedResult.ProvenanceOf(result);

        for (int i = 0; i < good.Statement.Length + good.Signature.Length; i++)
        {
            byte[] statement = good.Statement.ToByteArray(), signature = good.Signature.ToByteArray();
            (i < statement.Length ? ref statement[i] : ref signature[i - statement.Length]) ^= 1;
            Reject(result, new Protocol.Provenances.Provenance { Statement = ByteString.CopyFrom(statement), Signature = ByteString.CopyFrom(signature), Key = good.Key }, "is not signed with the key");
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(63)]
    [InlineData(65)]
    public void A_signature_has_its_length(int length)
    {
        Reapi.ActionResult result = signed.Sign();
        Protocol.Provenances.Provenance changed = SignedResult.ProvenanceOf(result);
        byte[] signature = new byte[length];
        changed.Signature.Span[..Math.Min(length, 64)].CopyTo(signature);
        changed.Signature = ByteString.CopyFrom(signature);

        Reject(result, changed, "is not signed with the key");
    }

    [Fact]
    public void A_signature_of_nothing_is_none()
    {
        Reapi.ActionResult result = signed.Sign();
        Protocol.Provenances.Provenance changed = SignedResult.ProvenanceOf(result);
        changed.Signature = ByteString.CopyFrom(new byte[64]);

        Reject(result, changed, "is not signed with the key");
    }

    [Fact]
    public void Another_key_is_another_key()
    {
        using var stranger = new SignedResult();

        ProvenanceVerdict.Bad bad = Assert.IsType<ProvenanceVerdict.Bad>(signed.Verifier.Verify(stranger.Sign(), SignedResult.Action));

        Assert.Contains($"it says that it is signed with key {stranger.KeyId[..16]}", bad.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_that_is_named_is_not_believed()
    {
        using var stranger = new SignedResult();
        Reapi.ActionResult result = stranger.Sign();
        Protocol.Provenances.Provenance changed = SignedResult.ProvenanceOf(result);
        changed.Key = signed.KeyId;

        Reject(result, changed, "is not signed with the key");
    }

    [Fact]
    public void One_of_several_keys_is_enough_as_is_one_of_several_signatures()
    {
        using var other = new SignedResult();
        using ProvenanceVerifier both = ProvenanceVerifier.Parse(other.PublicKey + "\n" + signed.PublicKey);
        Reapi.ActionResult result = signed.Sign();
        Assert.Equal(signed.KeyId, Assert.IsType<ProvenanceVerdict.Good>(both.Verify(result, SignedResult.Action)).Key);

        Reapi.ActionResult twice = SignedResult.With(result, SignedResult.ProvenanceOf(other.Sign()), SignedResult.ProvenanceOf(result));
        Assert.IsType<ProvenanceVerdict.Good>(signed.Verifier.Verify(twice, SignedResult.Action));
        Assert.IsType<ProvenanceVerdict.Good>(other.Verifier.Verify(twice, SignedResult.Action));
    }

    [Fact]
    public void What_was_signed_of_another_action_or_instance_is_not_of_this_one()
    {
        Digest other = TestBlob.Random(2, 142, "team").Digest, elsewhere = TestBlob.Random(1, 142).Digest;

        Reject(signed.Sign(action: other), "it was signed for another action");
        Reject(signed.Sign(action: elsewhere), "it was signed for the instance '', and not for 'team'");
    }

    [Fact]
    public void What_was_signed_of_another_result_of_the_action_is_not_of_this_one()
    {
        Reapi.ActionResult other = SignedResult.Make();
        other.ExitCode = 0;

        Reject(signed.Sign(), SignedResult.ProvenanceOf(signed.Sign(other)), "the result is not what was signed");
    }

    [Fact]
    public void What_a_worker_brings_along_is_taken_away()
    {
        using var worker = new SignedResult();

        Reapi.ActionResult result = signed.Sign(worker.Sign());

        Assert.IsType<ProvenanceVerdict.Good>(signed.Verifier.Verify(result, SignedResult.Action));
        Assert.IsType<ProvenanceVerdict.Bad>(worker.Verifier.Verify(result, SignedResult.Action));
        Assert.Single(result.ExecutionMetadata.AuxiliaryMetadata, any => any.Is(Protocol.Provenances.Provenance.Descriptor));
    }

    [Fact]
    public void Without_a_signature_there_is_none()
    {
        Assert.IsType<ProvenanceVerdict.Unsigned>(signed.Verifier.Verify(SignedResult.Make(), SignedResult.Action));
        Assert.IsType<ProvenanceVerdict.Unsigned>(signed.Verifier.Verify(new Reapi.ActionResult { ExitCode = 1 }, SignedResult.Action));
    }

    [Fact]
    public void The_fields_are_hashed_as_the_document_says()
    {
        // Written a second time, after the text of the document.
        Reapi.ActionResult result = SignedResult.MakeOld();
        string[] properties = ["p", "1", "n", "v", "1767225601.5000000", "420"];
        string[] fields =
        [
            "remoteexec result 1", "3", DigestOf(result.StdoutDigest), DigestOf(result.StderrDigest),
            "3", "a", DigestOf(result.OutputFiles[0].Digest), "x", "", "b/\u00e9", DigestOf(result.OutputFiles[1].Digest), "", .. properties, "c", DigestOf(result.OutputFiles[2].Digest), "", "p", "0", "", "",
            "1", "link", "a", "p", "0", "", "511",
            "1", "old", "b", "",
            "1", "older", "dir", "",
            "1", "dir", DigestOf(result.OutputDirectories[0].TreeDigest), DigestOf(result.OutputDirectories[0].RootDirectoryDigest), "t",
        ];
        byte[] text = [.. fields.SelectMany(field => Encoding.UTF8.GetBytes($"{Encoding.UTF8.GetByteCount(field)}:{field},"))];

        Assert.Equal(SHA256.HashData(text), ResultFields.HashOf(result, SignedResult.Action));

        static string DigestOf(Reapi.Digest digest) => $"{digest.Hash}/{digest.SizeBytes}";
    }

    [Fact]
    public void What_is_signed_are_the_words_and_the_statement()
    {
        using var key = ECDsa.Create();
        key.ImportFromPem(signed.PublicKey);
        Protocol.Provenances.Provenance provenance = SignedResult.ProvenanceOf(signed.Sign());

        byte[] bytes = [.. "remoteexec provenance 1\n"u8, .. provenance.Statement.Span];

        Assert.True(key.VerifyData(bytes, provenance.Signature.Span, HashAlgorithmName.SHA256));
        Assert.False(key.VerifyData(provenance.Statement.Span, provenance.Signature.Span, HashAlgorithmName.SHA256));
    }

    [Theory]
    [InlineData("", "there is no private key in it")]
    [InlineData("nonsense", "there is no private key in it")]
    [InlineData("PUBLIC", "there is no private key in it")]
    [InlineData("P384", "its private key is not on the curve P-256")]
    [InlineData("RSA", "its private key is not on the curve P-256")]
    [InlineData("BROKEN", "its private key is not on the curve P-256")]
    public void A_key_to_sign_with_is_one_on_P256(string text, string reason)
    {
        FormatException exception = Assert.Throws<FormatException>(() => ProvenanceSigner.Parse(PemOf(text), signed.Time));

        Assert.StartsWith(reason, exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "there is no public key in it")]
    [InlineData("P384", "there is no public key in it")] // a private one
    [InlineData("PUBLIC384", "a key in it is not on the curve P-256")]
    public void A_key_to_verify_with_is_one_on_P256(string text, string reason) =>
        Assert.StartsWith(reason, Assert.Throws<FormatException>(() => ProvenanceVerifier.Parse(PemOf(text))).Message, StringComparison.Ordinal);

    private string PemOf(string name)
    {
        using var p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        return name switch
        {
            "PUBLIC" => signed.PublicKey,
            "P384" => p384.ExportECPrivateKeyPem(),
            "PUBLIC384" => p384.ExportSubjectPublicKeyInfoPem(),
            "RSA" => RSA.Create(2048).ExportPkcs8PrivateKeyPem(),
            "BROKEN" => "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            _ => name,
        };
    }

#pragma warning disable CS0612 // deprecated
    private static (IList<Reapi.OutputSymlink> Files, IList<Reapi.OutputSymlink> Directories) Old(Reapi.ActionResult result) => (result.OutputFileSymlinks, result.OutputDirectorySymlinks);
#pragma warning restore CS0612

    private void Reject(Reapi.ActionResult result, Protocol.Provenances.Provenance provenance, string reason) => Reject(SignedResult.With(result, provenance), reason);

    private void Reject(Reapi.ActionResult result, string reason) =>
        Assert.Contains(reason, Assert.IsType<ProvenanceVerdict.Bad>(signed.Verifier.Verify(result, SignedResult.Action)).Reason, StringComparison.Ordinal);
}
