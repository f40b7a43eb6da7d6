using FsCheck;
using FsCheck.Fluent;
using RemoteExec.TestKit;
using Compressor = Build.Bazel.Remote.Execution.V2.Compressor.Types.Value;

namespace RemoteExec.Protocol.Tests;

public sealed class ResourceNameTests
{
    private const string Hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    private const string Id = "0a1b2c3d-0000-4000-8000-00000000000f";

    [Theory]
    [Rule("RES-01")]
    [Rule("RES-02")]
    [Rule("RES-05")]
    [Rule("RES-06")]
    [Rule("RES-07")]
    [InlineData($"blobs/{Hash}/7", "", Compressor.Identity)]
    [InlineData($"main/blobs/{Hash}/7", "main", Compressor.Identity)]
    [InlineData($"a/b/c/blobs/{Hash}/7", "a/b/c", Compressor.Identity)]
    [InlineData($"compressed-blobs/zstd/{Hash}/7", "", Compressor.Zstd)]
    [InlineData($"a/compressed-blobs/deflate/{Hash}/7", "a", Compressor.Deflate)]
    [InlineData($"a/b/compressed-blobs/brotli/{Hash}/7", "a/b", Compressor.Brotli)]
    public void A_read_name_is_taken_apart_and_put_together(string text, string instance, Compressor compressor)
    {
        Assert.True(ResourceName.TryParseRead(text, out ResourceName name, out string? error), error);

        Assert.Equal(instance, name.Digest.Instance.Value);
        Assert.Equal(DigestFunction.Sha256, name.Digest.Function);
        Assert.Equal(Hash, name.Digest.Hash);
        Assert.Equal(7, name.Digest.SizeBytes);
        Assert.Equal(compressor, name.Compressor);
        Assert.Null(name.UploadId);
        Assert.Equal(text, name.ToString());
    }

    [Theory]
    [Rule("RES-03")]
    [Rule("RES-04")]
    [Rule("RES-08")]
    [InlineData($"uploads/{Id}/blobs/{Hash}/7", "", Compressor.Identity, Id)]
    [InlineData($"main/uploads/{Id}/blobs/{Hash}/7", "main", Compressor.Identity, Id)]
    [InlineData($"a/b/uploads/{Id}/compressed-blobs/zstd/{Hash}/7", "a/b", Compressor.Zstd, Id)]
    [InlineData($"uploads/not-a-uuid/blobs/{Hash}/7", "", Compressor.Identity, "not-a-uuid")]
    [InlineData($"uploads/blobs/blobs/{Hash}/7", "", Compressor.Identity, "blobs")]
    public void A_write_name_is_taken_apart_and_put_together(string text, string instance, Compressor compressor, string id)
    {
        Assert.True(ResourceName.TryParseWrite(text, out ResourceName name, out string? error), error);

        Assert.Equal(instance, name.Digest.Instance.Value);
        Assert.Equal(Hash, name.Digest.Hash);
        Assert.Equal(7, name.Digest.SizeBytes);
        Assert.Equal(compressor, name.Compressor);
        Assert.Equal(id, name.UploadId);
        Assert.Equal(text, name.ToString());
    }

    [Theory]
    [Rule("RES-09")]
    [InlineData("/")]
    [InlineData("/some/path/main.cc")]
    [InlineData("/blobs/uploads")]
    public void What_follows_the_size_of_an_upload_is_ignored(string trailing)
    {
        Assert.True(ResourceName.TryParseWrite($"uploads/{Id}/blobs/{Hash}/7{trailing}", out ResourceName name, out string? error), error);

        Assert.Equal($"uploads/{Id}/blobs/{Hash}/7", name.ToString());
    }

    [Theory]
    [Rule("RES-09")]
    [Rule("RES-11")]
    [InlineData("", "has no segment")]
    [InlineData("hello", "has no segment")]
    [InlineData("a/logstreams/1", "has no segment")]
    [InlineData($"/blobs/{Hash}/7", "starts with a slash")]
    [InlineData($"a//blobs/{Hash}/7", "empty segment")]
    [InlineData($"/a/blobs/{Hash}/7", "empty segment")]
    [InlineData($"operations/blobs/{Hash}/7", "reserved segment 'operations'")]
    [InlineData($"uploads/{Id}/blobs/{Hash}/7", "name of an upload")]
    [InlineData($"blobs/{Hash}/7/", "something follows")]
    [InlineData($"blobs/{Hash}/7/name", "something follows")]
    [InlineData($"blobs/{Hash}", "the size is missing")]
    [InlineData("blobs", "the hash is missing")]
    [InlineData("blobs//7", "the hash is missing")]
    [InlineData("blobs/sha256", "the hash is missing")]
    [InlineData($"blobs/{Hash}/-7", "'-7'")]
    [InlineData($"blobs/{Hash}/+7", "'+7'")]
    [InlineData($"blobs/{Hash}/", "''")]
    [InlineData($"blobs/{Hash}/x", "'x'")]
    [InlineData($"blobs/{Hash}/9223372036854775808", "'9223372036854775808'")]
    [InlineData("blobs/abc/7", "hash of 3 characters")]
    [InlineData("blobs/E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855/7", "lower-case")]
    [InlineData($"blobs/sha1/{Hash}/7", "a sha1 hash has 40 characters")]
    [InlineData($"blobs/vso/{Hash}/7", "digest function 4 is not supported")]
    [InlineData($"compressed-blobs/identity/{Hash}/7", "'zstd', 'deflate' or 'brotli'")]
    [InlineData($"compressed-blobs/ZSTD/{Hash}/7", "'zstd', 'deflate' or 'brotli'")]
    [InlineData($"compressed-blobs/{Hash}/7", "'zstd', 'deflate' or 'brotli'")]
    public void A_bad_read_name_is_refused_with_the_reason(string text, string reason)
    {
        Assert.False(ResourceName.TryParseRead(text, out _, out string? error));

        Assert.Contains(reason, error);
        Assert.Contains($"'{text}'", error);
    }

    [Theory]
    [Rule("RES-11")]
    [InlineData($"blobs/{Hash}/7", "name of a blob to read")]
    [InlineData("uploads", "upload id")]
    [InlineData($"uploads//blobs/{Hash}/7", "upload id")]
    [InlineData($"uploads/{Id}", "has to follow the upload id")]
    [InlineData($"uploads/{Id}/files/{Hash}/7", "has to follow the upload id")]
    [InlineData($"uploads/{Id}/uploads/{Hash}/7", "has to follow the upload id")]
    [InlineData($"uploads/{Id}/blobs/{Hash}", "the size is missing")]
    [InlineData($"/uploads/{Id}/blobs/{Hash}/7", "starts with a slash")]
    public void A_bad_write_name_is_refused_with_the_reason(string text, string reason)
    {
        Assert.False(ResourceName.TryParseWrite(text, out _, out string? error));

        Assert.Contains(reason, error);
    }

    [Theory]
    [Rule("GEN-04")]
    [InlineData("actions")]
    [InlineData("actionResults")]
    [InlineData("operations")]
    [InlineData("capabilities")]
    public void An_instance_name_with_a_reserved_segment_is_refused(string word)
    {
        Assert.False(ResourceName.TryParseRead($"a/{word}/blobs/{Hash}/7", out _, out string? error));

        Assert.Contains($"reserved segment '{word}'", error);
    }

    [Fact]
    [Rule("DIG-07")]
    public void A_redundant_function_is_accepted_and_never_written()
    {
        Assert.True(ResourceName.TryParseRead($"blobs/sha256/{Hash}/7", out ResourceName name, out string? error), error);

        Assert.Equal($"blobs/{Hash}/7", name.ToString());
    }

    [Theory]
    [Rule("DIG-06")]
    [Rule("DIG-07")]
    [Rule("EXE-05")]
    [InlineData(DigestFunction.Sha1, "")]
    [InlineData(DigestFunction.Md5, "")]
    [InlineData(DigestFunction.Sha512, "")]
    [InlineData(DigestFunction.Murmur3, "")]
    [InlineData(DigestFunction.Vso, "")]
    [InlineData(DigestFunction.Sha256Tree, "sha256tree/")]
    [InlineData(DigestFunction.Blake3, "blake3/")]
    [InlineData(DigestFunction.GitSha1, "gitsha1/")]
    public void The_function_stands_in_a_name_only_where_the_length_does_not_tell(DigestFunction function, string segment)
    {
        Digest digest = Digest.Create(InstanceName.Parse("a/b"), function, new byte[function.HashLength()], 3);
        string zeros = new('0', function.HashLength() * 2);

        Assert.Equal($"a/b/blobs/{segment}{zeros}/3", ResourceName.FormatRead(digest));
        Assert.Equal($"a/b/compressed-blobs/zstd/{segment}{zeros}/3", ResourceName.FormatRead(digest, Compressor.Zstd));
        Assert.Equal($"a/b/uploads/u/blobs/{segment}{zeros}/3", ResourceName.FormatWrite(digest, "u"));
        Assert.Equal($"blobs/{segment}{zeros}/3", ResourceName.FormatSubject(digest));
    }

    [Fact]
    [Rule("RES-11")]
    public void No_text_makes_the_parser_throw_and_what_it_accepts_it_writes_again()
    {
        Gen<string> segment = Gen.Elements("", "blobs", "uploads", "compressed-blobs", "zstd", "identity", "sha256", "md5", "blake3", "7", "-1", "a", "é\ud800", "\0", Hash, Hash[..40]);
        Gen<string> text = Gen.ListOf(segment).Select(parts => string.Join('/', parts));

        Prop.ForAll(Arb.From(text), candidate =>
        {
            if (ResourceName.TryParseRead(candidate, out ResourceName read, out _))
                Assert.True(ResourceName.TryParseRead(read.ToString(), out ResourceName again, out _) && again == read, candidate);
            if (ResourceName.TryParseWrite(candidate, out ResourceName write, out _))
                Assert.True(ResourceName.TryParseWrite(write.ToString(), out ResourceName again, out _) && again == write, candidate);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }
}
