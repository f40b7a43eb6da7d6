using FsCheck;
using FsCheck.Fluent;
using RemoteExec.TestKit;

namespace RemoteExec.Protocol.Tests;

public sealed class DigestTests
{
    private const string Hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    private static readonly InstanceName instance = InstanceName.Parse("main");

    private static string? ErrorOf(DigestFunction function, string hash, long size) =>
        Digest.TryParse(instance, function, hash, size, out _, out string? error) ? null : error;

    [Theory]
    [Rule("DIG-01")]
    [Rule("DIG-08")]
    [InlineData(DigestFunction.Unknown)]
    [InlineData(DigestFunction.Sha256)]
    public void A_digest_is_read_and_written(DigestFunction function)
    {
        Assert.True(Digest.TryParse(instance, function, new Reapi.Digest { Hash = Hash, SizeBytes = 4 }, out Digest digest, out string? error), error);

        Assert.Equal(instance, digest.Instance);
        Assert.Equal(DigestFunction.Sha256, digest.Function);
        Assert.Equal(new Reapi.Digest { Hash = Hash, SizeBytes = 4 }, digest.ToProto());
        Assert.Equal(digest, IncrementalHasher.Compute(instance, DigestFunction.Sha256, "test"u8));
        Assert.Equal($"main/sha256:{Hash}/4", digest.ToString());
    }

    [Fact]
    [Rule("DIG-01")]
    public void A_malformed_hash_is_refused_with_the_reason()
    {
        Assert.Contains("lower-case hexadecimal", ErrorOf(DigestFunction.Sha256, Hash.ToUpperInvariant(), 4));
        Assert.Contains("lower-case hexadecimal", ErrorOf(DigestFunction.Sha256, Hash[..^1] + "g", 4));
        Assert.Contains("lower-case hexadecimal", ErrorOf(DigestFunction.Sha256, Hash[..^1] + "\uff11", 4));
        Assert.Contains("has 64 characters, not 63", ErrorOf(DigestFunction.Sha256, Hash[..^1], 4));
        Assert.Contains("has 64 characters, not 0", ErrorOf(DigestFunction.Sha256, "", 4));
        Assert.Contains("hash of 63 characters", ErrorOf(DigestFunction.Unknown, Hash[..^1], 4));
        Assert.InRange(ErrorOf(DigestFunction.Unknown, new string('x', 1_000_000), 4)!.Length, 1, 300);
    }

    [Fact]
    [Rule("DIG-02")]
    public void A_negative_size_is_refused() => Assert.Contains("negative: -1", ErrorOf(DigestFunction.Sha256, Hash, -1));

    [Fact]
    [Rule("GEN-06")]
    public void A_missing_digest_is_refused()
    {
        Assert.False(Digest.TryParse(instance, DigestFunction.Sha256, null, out _, out string? error));

        Assert.Contains("missing", error);
    }

    [Theory]
    [Rule("DIG-09")]
    [InlineData(DigestFunction.Vso)]
    [InlineData(DigestFunction.Murmur3)]
    [InlineData((DigestFunction)11)]
    [InlineData((DigestFunction)257)] // SHA-256 in its lowest byte
    [InlineData((DigestFunction)(-1))]
    public void A_function_that_is_not_supported_is_refused(DigestFunction function)
    {
        string hash = new('0', Math.Max(2, function.HashLength() * 2));

        Assert.Contains($"digest function {(int)function} is not supported; supported: sha256", ErrorOf(function, hash, 4));
    }

    [Fact]
    [Rule("DIG-09")]
    public void A_hash_that_is_not_of_the_stated_function_is_refused() =>
        Assert.Contains("a sha1 hash has 40 characters, not 64", ErrorOf(DigestFunction.Sha1, Hash, 4));

    [Fact]
    [Rule("DIG-10")]
    public void A_digest_inside_a_message_is_of_the_function_that_led_there()
    {
        Digest outer = IncrementalHasher.Compute(instance, DigestFunction.Sha1, "test"u8);

        Assert.True(outer.TryParseSibling(new Reapi.Digest { Hash = new string('0', 40) }, out Digest sibling, out _));
        Assert.Equal((instance, DigestFunction.Sha1), (sibling.Instance, sibling.Function));
        Assert.False(outer.TryParseSibling(new Reapi.Digest { Hash = Hash }, out _, out string? error));
        Assert.Contains("a sha1 hash", error);
    }

    [Fact]
    [Rule("DIG-15")]
    [Rule("GEN-05")]
    public void Instance_function_hash_and_size_all_count()
    {
        Digest[] digests =
        [
            Digest.Create(default, DigestFunction.Sha256, new byte[32], 1),
            Digest.Create(instance, DigestFunction.Sha256, new byte[32], 1),
            Digest.Create(default, DigestFunction.Sha256Tree, new byte[32], 1),
            Digest.Create(default, DigestFunction.Blake3, new byte[32], 1),
            Digest.Create(default, DigestFunction.Sha256, new byte[32], 2),
            Digest.Create(default, DigestFunction.Sha256, [.. new byte[31], 1], 1),
            Digest.Create(default, DigestFunction.Sha1, new byte[20], 1),
            Digest.Create(default, DigestFunction.GitSha1, new byte[20], 1),
        ];

        Assert.Equal(digests.Length, digests.ToHashSet().Count);
        Assert.Equal(digests, digests.Select(digest => Digest.Create(digest.Instance, digest.Function, digest.HashSpan, digest.SizeBytes)));
        Assert.All(digests, digest => Assert.Equal([digest], digests.Where(other => digest.Matches(other))));
    }

    [Fact]
    [Rule("DIG-02")]
    public void A_digest_without_size_matches_every_size_of_its_hash_and_nothing_else()
    {
        Digest digest = Digest.Create(default, DigestFunction.Sha256, new byte[32], 1);
        Digest other = Digest.Create(default, DigestFunction.Sha256, [.. new byte[31], 1], 1);

        Assert.False(digest.WithoutSize().HasSize);
        Assert.NotEqual(digest, digest.WithoutSize());
        Assert.True(digest.WithoutSize().Matches(digest));
        Assert.True(digest.Matches(digest.WithoutSize()));
        Assert.False(digest.WithoutSize().Matches(other));
        Assert.False(digest.WithoutSize().Matches(Digest.Create(instance, DigestFunction.Sha256, new byte[32], 1)));
    }

    [Fact]
    public void A_digest_is_made_only_of_a_whole_hash()
    {
        Assert.Throws<ArgumentException>(() => Digest.Create(default, DigestFunction.Sha256, new byte[31], 0));
        Assert.Throws<ArgumentException>(() => Digest.Create(default, DigestFunction.Unknown, [], 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Digest.Create(default, DigestFunction.Sha256, new byte[32], -1));
    }

    [Fact]
    public void Hashing_in_pieces_is_hashing_at_once()
    {
        byte[] content = TestBlob.Random(1, 70_000).Content;

        foreach (DigestFunction function in DigestFunctions.Supported)
        {
            Prop.ForAll(Arb.From(Gen.ListOf(Gen.Choose(0, 20_000))), lengths =>
            {
                using var hasher = new IncrementalHasher(function, content.Length);
                hasher.Append(SplitSequence.Of(content, [.. lengths]));
                return hasher.Length == content.Length && hasher.Finish(instance) == IncrementalHasher.Compute(instance, function, content);
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(30));
        }
    }

    [Fact]
    [Rule("DIG-09")]
    public void A_function_that_is_not_supported_can_not_be_computed()
    {
        Assert.Throws<NotSupportedException>(() => new IncrementalHasher(DigestFunction.Vso, 0));
        Assert.Throws<NotSupportedException>(() => IncrementalHasher.Compute(default, DigestFunction.Murmur3, []));
    }
}
