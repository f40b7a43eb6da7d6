using Google.Protobuf;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Wire;
using RemoteExec.TestKit;

namespace RemoteExec.ActionCache.Tests;

public sealed class ActionResultRefsTests
{
    private static readonly Digest action = TestBlob.Random(0, 10).Digest;

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [Rule("AC-02")]
    public void A_usual_result_is_read_from_its_encoding(bool hasStdout, bool hasStderr)
    {
        Reapi.ActionResult result = Usual();
        result.StdoutDigest = hasStdout ? TestBlob.Random(3, 10).Digest.ToProto() : null;
        result.StderrDigest = hasStderr ? TestBlob.Random(4, 0).Digest.ToProto() : null;

        ActionResultRefs? refs = ActionResultRefs.TryRead(result.ToByteArray(), action);

        Assert.NotNull(refs);
        Assert.Equal(Collected(result)!.All.Order(Comparer), refs.All.Order(Comparer));
        Assert.Equal(hasStdout || hasStderr, refs.HasOutput);
        Assert.Equal([TestBlob.Random(6, 10).Digest], refs.Trees);
        Assert.Empty(refs.RootDirectories);
    }

    public static TheoryData<string, Action<Reapi.ActionResult>> Unusual { get; } = new()
    {
        { "a hierarchy", result => result.OutputDirectories.Add(new Reapi.OutputDirectory { Path = "d", RootDirectoryDigest = TestBlob.Random(5, 10).Digest.ToProto() }) },
        { "a directory without a digest", result => result.OutputDirectories.Add(new Reapi.OutputDirectory { Path = "d" }) },
        { "a file without a digest", result => result.OutputFiles.Add(new Reapi.OutputFile { Path = "f" }) },
        { "an inlined file", result => result.OutputFiles.Add(new Reapi.OutputFile { Path = "f", Contents = ByteString.CopyFromUtf8("content") }) },
        { "a hash that is too short", result => result.OutputFiles[0].Digest.Hash = "00" },
        { "an upper-case hash", result => result.OutputFiles[0].Digest.Hash = new string('A', 64) },
        { "a negative size", result => result.StdoutDigest = new Reapi.Digest { Hash = new string('0', 64), SizeBytes = -1 } },
        { "an empty digest", result => result.StderrDigest = new Reapi.Digest() },
        { "a field of a version to come", result => result.MergeFrom(new byte[] { 0x98, 0x3f, 0x2a }) },
    };

    [Theory]
    [MemberData(nameof(Unusual))]
    [Rule("AC-02")]
    public void Any_other_result_is_left_to_the_parser(string what, Action<Reapi.ActionResult> change)
    {
        Assert.NotEmpty(what);
        Reapi.ActionResult result = Usual();
        change(result);
        byte[] encoded = result.ToByteArray();

        Assert.Null(ActionResultRefs.TryRead(encoded, action));
        CachedResult? cached = CachedResult.TryRead(encoded, action);
        Assert.Equal(result, cached?.Parse());
        Assert.Equal(Collected(result)?.All, cached?.Refs?.All);
    }

    [Fact]
    public void Whatever_is_cut_off_or_changed_is_read_as_the_parser_reads_it_or_not_at_all()
    {
        var random = new Random(1);
        Reapi.ActionResult result = Usual();
        result.StdoutDigest = TestBlob.Random(3, 10).Digest.ToProto();
        byte[] good = result.ToByteArray();
        int read = 0;
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bad = good[..random.Next(1, good.Length + 1)];
            bad[random.Next(bad.Length)] = (byte)random.Next(256);
            if (ActionResultRefs.TryRead(bad, action) is not { } refs)
                continue;
            read++;
            if (Parsed(bad) is { } parsed) // what it does not look at may be wrong: strings, the worker's metadata
                Assert.Equal(Collected(parsed)?.All.Order(Comparer), refs.All.Order(Comparer));
        }

        Assert.NotEqual(0, read);
    }

    private static Comparer<Digest> Comparer { get; } = Comparer<Digest>.Create((a, b) => string.CompareOrdinal(a.ToString(), b.ToString()));

    private static Reapi.ActionResult Usual() => new()
    {
        OutputFiles =
        {
            new Reapi.OutputFile { Path = "a/b", Digest = TestBlob.Random(1, 10).Digest.ToProto(), IsExecutable = true },
            new Reapi.OutputFile { Path = "c", Digest = TestBlob.Random(2, 300).Digest.ToProto(), NodeProperties = new Reapi.NodeProperties { UnixMode = 0x1ff } },
        },
        OutputDirectories = { new Reapi.OutputDirectory { Path = "d", TreeDigest = TestBlob.Random(6, 10).Digest.ToProto(), IsTopologicallySorted = true } },
        OutputSymlinks = { new Reapi.OutputSymlink { Path = "l", Target = "t" } },
        ExitCode = 1,
        ExecutionMetadata = new Reapi.ExecutedActionMetadata { Worker = "w" },
    };

    private static ActionResultRefs? Collected(Reapi.ActionResult result) =>
        ActionResultRefs.TryCollect(result, action, out ActionResultRefs? refs, out _) ? refs : null;

    private static Reapi.ActionResult? Parsed(byte[] encoded)
    {
        try
        {
            return Reapi.ActionResult.Parser.ParseFrom(encoded);
        }
        catch (Exception exception) when (MalformedMessage.IsReason(exception))
        {
            return null;
        }
    }
}
