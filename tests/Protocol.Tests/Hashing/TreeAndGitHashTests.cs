using System.Text;
using RemoteExec.TestKit;

namespace RemoteExec.Protocol.Tests.Hashing;

public sealed class TreeAndGitHashTests
{
    [Fact]
    [Rule("DIG-13")]
    public void SHA256TREE_agrees_with_the_published_vectors()
    {
        var vectors = Vectors.Of("sha256tree.txt").ToList();
        Assert.Equal(18, vectors.Count);
        foreach ((int length, string expected) in vectors)
            Assert.Equal(expected, IncrementalHasher.Compute(default, DigestFunction.Sha256Tree, Vectors.Content(length)).Hash);
    }

    [Theory]
    [Rule("DIG-13")]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1024)]
    public void SHA256TREE_of_up_to_1024_bytes_is_SHA256(int length)
    {
        byte[] content = Vectors.Content(length);

        Assert.Equal(
            IncrementalHasher.Compute(default, DigestFunction.Sha256, content).Hash, IncrementalHasher.Compute(default, DigestFunction.Sha256Tree, content).Hash);
    }

    [Theory]
    [Rule("DIG-14")]
    [InlineData("", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")]
    [InlineData("hello\n", "ce013625030ba8dba906f756967f9e9ca394464a")]
    [InlineData("what is up, doc?", "bd9dbf5aae1a3862dd1526723246b20206e5fc37")]
    public void GITSHA1_is_what_Git_names_a_blob(string content, string expected) =>
        Assert.Equal(expected, IncrementalHasher.Compute(default, DigestFunction.GitSha1, Encoding.ASCII.GetBytes(content)).Hash);
}
