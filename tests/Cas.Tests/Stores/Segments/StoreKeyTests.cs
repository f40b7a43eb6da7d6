using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Tests.Stores.Segments;

public sealed class StoreKeyTests
{
    public static TheoryData<string[], DigestFunction[]> Kinds { get; } = new()
    {
        { [""], [DigestFunction.Sha256] },
        { ["a"], [DigestFunction.Sha256] },
        { ["abcd/efgh"], [DigestFunction.Sha512] },
        { ["abc"], [DigestFunction.Sha1] },
        { [new string('i', 60)], [DigestFunction.Sha256] },
        { ["", "a"], [DigestFunction.Sha256, DigestFunction.Sha1, DigestFunction.Md5] },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Tags_of_many_are_the_tags_of_each(string[] instances, DigestFunction[] functions)
    {
        StoreKey key = StoreKey.Create();
        var random = new Random(1);
        var hash = new byte[Digest.MaxHashLength];
        var digests = new Digest[67];
        for (int i = 0; i < digests.Length; i++)
        {
            random.NextBytes(hash);
            DigestFunction function = functions[i / 9 % functions.Length];
            digests[i] = Digest.Create(InstanceName.Parse(instances[i / 17 % instances.Length]), function, hash.AsSpan(0, function.HashLength()), i);
        }

        var tags = new UInt128[digests.Length];
        key.TagsOf(digests, tags);

        Assert.Equal(digests.Select(digest => key.TagOf(digest)), tags);
        Assert.Equal(digests.Length, tags.Distinct().Count());
    }
}
