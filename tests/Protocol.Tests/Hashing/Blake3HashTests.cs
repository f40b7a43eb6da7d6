using System.Runtime.Intrinsics.X86;
using RemoteExec.Protocol.Hashing;
using RemoteExec.TestKit;

namespace RemoteExec.Protocol.Tests.Hashing;

public sealed class Blake3HashTests
{
    [Theory]
    [InlineData(Blake3Hash.Width.Scalar)]
    [InlineData(Blake3Hash.Width.Lanes8)]
    [InlineData(Blake3Hash.Width.Lanes16)]
    internal void It_agrees_with_the_vectors_at_every_width(Blake3Hash.Width width)
    {
        Assert.SkipUnless(width != Blake3Hash.Width.Lanes16 || Avx512F.IsSupported, "this processor has no AVX-512");
        Assert.SkipUnless(width != Blake3Hash.Width.Lanes8 || Avx2.IsSupported, "this processor has no AVX2");
        foreach ((int length, string expected) in Vectors.Of("blake3.txt"))
            Assert.Equal(expected, Hash(new Blake3Hash(width), Vectors.Content(length), length));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1000)]
    [InlineData(1024)]
    [InlineData(16_384)]
    [InlineData(16_385)]
    [InlineData(65_537)]
    public void Pieces_of_any_length_make_no_difference(int piece)
    {
        foreach ((int length, string expected) in Vectors.Of("blake3.txt").Where(vector => vector.Length <= 262_145))
            Assert.Equal(expected, Hash(new Blake3Hash(), Vectors.Content(length), piece));
    }

    [Fact]
    [Rule("DIG-06")]
    public void It_is_computed_under_its_name()
    {
        (int length, string expected) = Vectors.Of("blake3.txt").Last();
        Digest digest = IncrementalHasher.Compute(default, DigestFunction.Blake3, Vectors.Content(length));

        Assert.Equal(expected, digest.Hash);
        Assert.Equal("blake3", digest.Function.Name());
    }

    // Disposed, so that the next one finds in its memory what this one leaves there.
    private static string Hash(Blake3Hash hash, ReadOnlySpan<byte> content, int piece)
    {
        using Blake3Hash disposed = hash;
        for (; !content.IsEmpty; content = content[Math.Min(piece, content.Length)..])
            hash.Append(content[..Math.Min(piece, content.Length)]);
        var result = new byte[32];
        Assert.Equal(32, hash.Finish(result));
        return Convert.ToHexStringLower(result);
    }
}
