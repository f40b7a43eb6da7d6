using RemoteExec.TestKit;

namespace RemoteExec.Protocol.Tests;

public sealed class DigestFunctionsTests
{
    [Theory]
    [Rule("DIG-05")]
    [Rule("DIG-06")]
    [Rule("DIG-07")]
    [InlineData(1, 64, "sha256", false)]
    [InlineData(2, 40, "sha1", false)]
    [InlineData(3, 32, "md5", false)]
    [InlineData(4, 66, "vso", false)]
    [InlineData(5, 96, "sha384", false)]
    [InlineData(6, 128, "sha512", false)]
    [InlineData(7, 32, "murmur3", false)]
    [InlineData(8, 64, "sha256tree", true)]
    [InlineData(9, 64, "blake3", true)]
    [InlineData(10, 40, "gitsha1", true)]
    public void Each_function_has_its_number_length_and_name(int number, int hexDigits, string name, bool named)
    {
        var function = (DigestFunction)number;

        Assert.Equal(hexDigits, function.HashLength() * 2);
        Assert.Equal(name, function.Name());
        Assert.Equal(function, DigestFunctions.FromName(name));
        Assert.Equal(named, function.NeedsNameInResource());
        Assert.Equal(((Reapi.DigestFunction.Types.Value)number).ToString(), function.ToString(), ignoreCase: true);
    }

    [Fact]
    [Rule("DIG-05")]
    public void There_are_as_many_functions_as_on_the_wire()
    {
        Assert.Equal(Enum.GetValues<Reapi.DigestFunction.Types.Value>().Select(value => (int)value), Enum.GetValues<DigestFunction>().Select(value => (int)value));
        Assert.DoesNotContain(DigestFunction.Unknown, DigestFunctions.Supported);
    }

    [Theory]
    [Rule("DIG-06")]
    [InlineData("")]
    [InlineData("SHA256")]
    [InlineData("unknown")]
    [InlineData("sha-256")]
    public void Other_names_are_no_functions(string name) => Assert.Equal(DigestFunction.Unknown, DigestFunctions.FromName(name));

    [Theory]
    [InlineData(DigestFunction.Unknown)]
    [InlineData((DigestFunction)11)]
    public void What_is_no_function_has_neither_length_nor_name(DigestFunction function)
    {
        Assert.Equal(0, function.HashLength());
        Assert.Throws<ArgumentOutOfRangeException>(() => function.Name());
        Assert.False(function.IsSupported());
    }

    [Fact]
    [Rule("DIG-08")]
    public void Each_length_means_at_most_one_supported_function_and_never_one_that_has_to_be_named()
    {
        for (int hexDigits = 0; hexDigits <= 130; hexDigits++)
        {
            DigestFunction[] candidates =
                [.. DigestFunctions.Supported.Where(function => function.HashLength() * 2 == hexDigits && !function.NeedsNameInResource())];
            Assert.Equal(candidates.FirstOrDefault(), DigestFunctions.Infer(hexDigits));
        }

        Assert.Equal(DigestFunction.Md5, DigestFunctions.Infer(32));
        Assert.Equal(DigestFunction.Sha1, DigestFunctions.Infer(40));
        Assert.Equal(DigestFunction.Sha256, DigestFunctions.Infer(64));
        Assert.Equal(DigestFunction.Sha384, DigestFunctions.Infer(96));
        Assert.Equal(DigestFunction.Sha512, DigestFunctions.Infer(128));
    }

    [Theory]
    [Rule("DIG-04")]
    [InlineData(DigestFunction.Md5, "d41d8cd98f00b204e9800998ecf8427e")]
    [InlineData(DigestFunction.Sha1, "da39a3ee5e6b4b0d3255bfef95601890afd80709")]
    [InlineData(DigestFunction.Sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData(DigestFunction.Sha384, "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b")]
    [InlineData(
        DigestFunction.Sha512,
        "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e")]
    public void The_empty_blob_has_its_well_known_hash(DigestFunction function, string hash)
    {
        Digest empty = EmptyBlob.DigestOf(InstanceName.Parse("i"), function);

        Assert.Equal(hash, empty.Hash);
        Assert.True(empty.IsEmptyBlob);
        Assert.True(empty.WithoutSize().IsEmptyBlob);
        Assert.Equal(empty, IncrementalHasher.Compute(empty.Instance, function, []));
    }

    [Fact]
    [Rule("DIG-02")]
    [Rule("DIG-03")]
    public void Size_0_alone_does_not_make_the_empty_blob()
    {
        Digest empty = EmptyBlob.DigestOf(default, DigestFunction.Sha256);

        Assert.False(Digest.Create(default, DigestFunction.Sha256, new byte[32], 0).IsEmptyBlob);
        Assert.False(Digest.Create(default, DigestFunction.Sha256, empty.HashSpan, 1).IsEmptyBlob);
        Assert.False(Digest.Create(default, DigestFunction.Blake3, empty.HashSpan, 0).IsEmptyBlob);
    }
}
