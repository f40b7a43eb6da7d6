using System.Security.Cryptography;
using RemoteExec.Protocol;

namespace RemoteExec.Assets.Tests;

public sealed class QualifierTests
{
    private static readonly byte[] content = [1, 2, 3];

    [Fact]
    [Rule("AST-02")]
    public void A_name_that_is_there_twice_is_refused()
    {
        AssetException exception = Assert.Throws<AssetException>(() => AssetQualifiers.Read([("a", "1"), ("a", "1")], 1));

        Assert.Equal((AssetFailure.Unsupported, "qualifier 'a' is there twice: names are unique"), (exception.Failure, exception.Message));
    }

    [Fact]
    [Rule("AST-02")]
    [Rule("PSH-06")]
    public void Their_order_does_not_matter_and_all_else_does()
    {
        Digest key = KeyOf(AssetKind.Blob, ("a", "1"), ("b", "2"));

        Assert.Equal(key, KeyOf(AssetKind.Blob, ("b", "2"), ("a", "1")));
        Assert.NotEqual(key, KeyOf(AssetKind.Blob, ("a", "1")));
        Assert.NotEqual(key, KeyOf(AssetKind.Blob, ("a", "2"), ("b", "1")));
        Assert.NotEqual(key, KeyOf(AssetKind.Directory, ("a", "1"), ("b", "2")));
    }

    [Fact]
    [Rule("Q-21")]
    public void A_header_of_one_URI_is_the_same_as_one_of_all_for_that_one()
    {
        AssetRequest one = AssetBed.Ask(AssetKind.Blob, ["https://a/", "https://b/"], ("http_header:A", "all"), ("http_header_url:1:a", "own"));

        Assert.Equal(AssetBed.Ask(AssetKind.Blob, ["https://a/"], ("http_header:a", "all")).KeyOf(0), one.KeyOf(0));
        Assert.Equal(AssetBed.Ask(AssetKind.Blob, ["https://b/"], ("http_header_url:0:A", "own")).KeyOf(0), one.KeyOf(1));
    }

    [Theory]
    [InlineData("http_header:", "x")]
    [InlineData("http_header:Host", "x")]
    [InlineData("http_header:content-length", "1")]
    [InlineData("http_header:Content-Type", "text/plain")]
    [InlineData("http_header:Range", "bytes=0-")]
    [InlineData("http_header:a b", "x")]
    [InlineData("http_header:a\r\nb", "x")]
    [InlineData("http_header:a", "x\r\nHost: y")]
    [InlineData("http_header:a", "\u00e9")]
    [InlineData("http_header_url:1:a", "x")]
    [InlineData("http_header_url:-1:a", "x")]
    [InlineData("http_header_url:a", "x")]
    [InlineData("http_header_url::a", "x")]
    [InlineData("", "x")]
    [InlineData("checksum.sri", "")]
    [InlineData("checksum.sri", "md5-AAAA")]
    [InlineData("checksum.sri", "sha256-AAAA")]
    [InlineData("checksum.sri", "sha256")]
    [InlineData("checksum.sri", "sha256-???")]
    public void What_makes_no_sense_is_refused(string name, string value) =>
        Assert.Equal(AssetFailure.Unsupported, Assert.Throws<AssetException>(() => AssetQualifiers.Read([(name, value)], 1)).Failure);

    [Fact]
    public void A_value_that_may_be_a_secret_is_not_shown() =>
        Assert.DoesNotContain("secret", Assert.Throws<AssetException>(() => AssetQualifiers.Read([("http_header:a", "secret\n")], 1)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("sha256")]
    [InlineData("sha384")]
    [InlineData("sha512")]
    [InlineData("blake3")]
    public void A_checksum_is_of_any_of_these_functions(string name)
    {
        DigestFunction function = DigestFunctions.FromName(name);
        Digest digest = IncrementalHasher.Compute(default, function, content);
        string text = $"{name}-{Convert.ToBase64String(digest.HashSpan)}";

        Assert.True(Checksum.TryParse(text, out Checksum? checksum, out _));

        Assert.Equal(function, checksum.Function);
        Assert.True(checksum.Fits(digest));
        Assert.False(checksum.Fits(IncrementalHasher.Compute(default, function, [1])));
        Assert.Equal(text, checksum.ToString());
    }

    [Fact]
    public void Of_several_checksums_the_strongest_kind_counts_and_any_of_that()
    {
        string weak = $"sha256-{Convert.ToBase64String(new byte[32])}";
        string strong = $"sha512-{Convert.ToBase64String(SHA512.HashData(content))}", other = $"sha512-{Convert.ToBase64String(new byte[64])}";

        Assert.True(Checksum.TryParse($"{weak} {strong}  {other}", out Checksum? checksum, out _));

        Assert.True(checksum.Fits(IncrementalHasher.Compute(default, DigestFunction.Sha512, content)));
        Assert.Equal($"{strong} {other}", checksum.ToString());
    }

    private static Digest KeyOf(AssetKind kind, params (string Name, string Value)[] qualifiers) => AssetBed.Ask(kind, ["urn:x"], qualifiers).KeyOf(0);
}
