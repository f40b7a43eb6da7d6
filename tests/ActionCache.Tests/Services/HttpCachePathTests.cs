using FsCheck;
using FsCheck.Fluent;
using RemoteExec.ActionCache.Services;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.ActionCache.Tests.Services;

public sealed class HttpCachePathTests
{
    private const string Sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    [Theory]
    [Rule("DIG-08")]
    [InlineData(32, DigestFunction.Md5)]
    [InlineData(40, DigestFunction.Sha1)]
    [InlineData(64, DigestFunction.Sha256)]
    [InlineData(96, DigestFunction.Sha384)]
    [InlineData(128, DigestFunction.Sha512)]
    public void The_function_follows_from_the_length_of_the_hash(int length, DigestFunction function)
    {
        Assert.True(HttpCachePath.TryParse($"/cas/{new string('a', length)}", out HttpCachePath path, out string? error), error);

        Assert.Equal(HttpCacheKind.Blob, path.Kind);
        Assert.Equal(function, path.Digest.Function);
        Assert.False(path.Digest.HasSize);
    }

    [Theory]
    [InlineData("/cas/", nameof(HttpCacheKind.Blob), "")]
    [InlineData("//cas/", nameof(HttpCacheKind.Blob), "")] // clients join URLs carelessly
    [InlineData("/ac/", nameof(HttpCacheKind.ActionResult), "")]
    [InlineData("/main/cas/", nameof(HttpCacheKind.Blob), "main")]
    [InlineData("/a/b/c/ac/", nameof(HttpCacheKind.ActionResult), "a/b/c")]
    [InlineData("/ac/cas/", nameof(HttpCacheKind.Blob), "ac")]
    public void What_stands_before_is_the_instance(string prefix, string kind, string instance)
    {
        Assert.True(HttpCachePath.TryParse(prefix + Sha256, out HttpCachePath path, out string? error), error);

        Assert.Equal(kind, path.Kind.ToString());
        Assert.Equal(instance, path.Digest.Instance.Value);
        Assert.Equal(Sha256, path.Digest.Hash);
    }

    [Theory]
    [InlineData("/0b9dub0eb54clr631jodofii9atf26ep4")]
    [InlineData("/0b/9dub0eb54clr631jodofii9atf26ep4")]
    [InlineData("/some/prefix/0b9dub0eb54clr631jodofii9atf26ep4")]
    [InlineData("/some/prefix/0b/9dub0eb54clr631jodofii9atf26ep4")]
    public void A_key_of_ccache_names_an_opaque_value(string text)
    {
        Assert.True(HttpCachePath.TryParse(text, out HttpCachePath path, out string? error), error);

        Assert.Equal(HttpCacheKind.Opaque, path.Kind);
    }

    [Theory]
    [Rule("GEN-05")]
    [InlineData("/0b9dub0eb54clr631jodofii9atf26ep4", "/0b/9dub0eb54clr631jodofii9atf26ep4")]
    [InlineData("/0b9dub0eb54clr631jodofii9atf26ep4", "/x/0b9dub0eb54clr631jodofii9atf26ep4")]
    [InlineData($"/ac/{Sha256}", $"/x/ac/{Sha256}")]
    [InlineData($"/ac/{Sha256}", $"/{Sha256}")]
    public void Different_paths_are_different_keys(string one, string other)
    {
        Assert.True(HttpCachePath.TryParse(one, out HttpCachePath first, out _));
        Assert.True(HttpCachePath.TryParse(other, out HttpCachePath second, out _));

        Assert.NotEqual(first.OpaqueKey, second.OpaqueKey);
    }

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("/status")]
    [InlineData("/metrics")]
    [InlineData("/cas")]
    [InlineData("/assets/index-4f9a8b7c6d5e4f3a.js")]
    [InlineData("*")]
    public void Other_paths_are_not_the_caches(string text)
    {
        Assert.False(HttpCachePath.TryParse(text, out _, out string? error));

        Assert.Null(error);
    }

    [Theory]
    [Rule("DIG-01")]
    [Rule("GEN-04")]
    [InlineData("/cas/abc", "hash of 3 characters")]
    [InlineData("/ac/", "hash of 0 characters")]
    [InlineData("/cas/E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855", "lower-case")]
    [InlineData($"/a//cas/{Sha256}", "empty segment")]
    [InlineData($"/blobs/cas/{Sha256}", "reserved segment 'blobs'")]
    [InlineData("/uploads/0b9dub0eb54clr631jodofii9atf26ep4", "reserved segment 'uploads'")]
    public void A_bad_path_is_refused_with_the_reason(string text, string reason)
    {
        Assert.False(HttpCachePath.TryParse(text, out _, out string? error));
        Assert.Contains(reason, error);
    }

    [Fact]
    public void No_path_makes_the_parser_throw()
    {
        Gen<string> segment = Gen.Elements("", "cas", "ac", "blobs", "a", "..", "é\ud800", "\0", Sha256, Sha256[..40], "0b9dub0eb54clr631jodofii9atf26ep4");

        Prop.ForAll(Arb.From(Gen.ListOf(segment).Select(parts => string.Join('/', parts))), text =>
        {
            bool parsed = HttpCachePath.TryParse(text, out _, out string? error);
            return !parsed || error is null;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }
}
