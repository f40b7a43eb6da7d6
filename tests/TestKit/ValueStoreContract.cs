using System.Buffers;
using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.TestKit;

/// <summary>
/// What stores promise beyond <see cref="BlobStoreContract"/> if they keep any value under a digest, as the tree of the action cache does: the
/// value need not be what the digest names, nor have its size. A store that verifies content, or is asked over a protocol in which a digest is
/// always whole, inherits only the other contract.
/// </summary>
public abstract class ValueStoreContract : BlobStoreContract
{
    [Theory]
    [Rule("AC-10")]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(142)]
    [InlineData(70_000)]
    [InlineData(3_000_000)]
    public async Task A_value_may_have_another_length_than_the_digest_says(int length)
    {
        Digest key = TestBlob.Random(1, 142).Digest;
        byte[] value = TestBlob.Random(2, length).Content;

        await Store.WriteAllAsync(key, value, Token);

        Assert.Empty(await Store.FindMissingAsync([key], Token));
        await AssertReadsAsync(key, value);
        await using BlobReader? reader = await Store.OpenReadAsync(key, length, Token);
        Assert.Equal(length, reader?.Length);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await Store.OpenReadAsync(key, length + 1, Token));
    }

    [Theory]
    [Rule("AC-11")]
    [InlineData(100, 100)]
    [InlineData(100, 70_000)]
    [InlineData(70_000, 100)]
    [InlineData(5, 0)]
    public async Task The_last_value_wins(int firstLength, int secondLength)
    {
        Digest key = TestBlob.Random(3, 142).Digest;
        byte[] second = TestBlob.Random(5, secondLength).Content;

        await Store.WriteAllAsync(key, TestBlob.Random(4, firstLength).Content, Token);
        await Store.WriteAllAsync(key, second, Token);

        await AssertReadsAsync(key, second);
    }

    [Fact]
    [Rule("AC-11")]
    public async Task The_last_commit_wins_not_the_last_opening()
    {
        Digest key = TestBlob.Random(6, 142).Digest;
        byte[] early = TestBlob.Random(7, 1000).Content;
        byte[] late = TestBlob.Random(8, 2000).Content;

        await using BlobWriter first = await Store.OpenWriteAsync(key, late.Length, Token);
        await using BlobWriter second = await Store.OpenWriteAsync(key, early.Length, Token);
        await second.WriteAsync(new ReadOnlySequence<byte>(early), Token);
        await first.WriteAsync(new ReadOnlySequence<byte>(late), Token);
        await second.CommitAsync(Token);
        await AssertReadsAsync(key, early);
        await first.CommitAsync(Token);

        await AssertReadsAsync(key, late);
    }

    [Fact]
    [Rule("DIG-02")]
    public async Task A_value_under_another_size_replaces_the_one_there()
    {
        Digest small = TestBlob.Random(9, 142).Digest;
        Digest large = Resized(small, 9999);

        await Store.WriteAllAsync(small, "small"u8.ToArray(), Token);
        await Store.WriteAllAsync(large, "large"u8.ToArray(), Token);

        await AssertAbsentAsync(small);
        await AssertReadsAsync(large, "large"u8.ToArray());
    }

    [Fact]
    public async Task A_reader_keeps_to_the_value_it_opened()
    {
        Digest key = TestBlob.Random(10, 142).Digest;
        byte[] old = TestBlob.Random(11, 2_000_000).Content;
        byte[] young = TestBlob.Random(12, 2_000_000).Content;
        await Store.WriteAllAsync(key, old, Token);
        await using BlobReader? reader = await Store.OpenReadAsync(key, 0, Token);
        Assert.NotNull(reader);
        var head = new byte[1000];
        await ReadExactlyAsync(reader, head);

        await Store.WriteAllAsync(key, young, Token);

        Assert.Equal(old, (byte[])[.. head, .. await ReadToEndAsync(reader, 65536)]);
        await AssertReadsAsync(key, young);
    }

    [Fact]
    public async Task A_digest_without_size_finds_whatever_is_there()
    {
        TestBlob blob = TestBlob.Random(13, 5000);
        await AssertAbsentAsync(blob.Digest.WithoutSize());

        await Store.WriteAllAsync(blob.Digest, blob.Content, Token);

        Assert.Empty(await Store.FindMissingAsync([blob.Digest.WithoutSize()], Token));
        await AssertReadsAsync(blob.Digest.WithoutSize(), blob.Content);
    }

    [Fact]
    public async Task A_value_stored_without_size_answers_for_every_size()
    {
        Digest key = TestBlob.Random(14, 142).Digest;
        byte[] value = TestBlob.Random(15, 5000).Content;

        await Store.WriteAllAsync(key.WithoutSize(), value, Token);

        await AssertReadsAsync(key.WithoutSize(), value);
        await AssertReadsAsync(key, value);
        await AssertReadsAsync(Resized(key, 7), value);
        Assert.Empty(await Store.FindMissingAsync([key, key.WithoutSize()], Token));
    }

    [Fact]
    [Rule("DIG-15")]
    public async Task Functions_of_one_length_do_not_see_each_others_values()
    {
        Digest[][] families =
        [
            [.. Enumerable.Select((DigestFunction[])[DigestFunction.Sha256, DigestFunction.Sha256Tree, DigestFunction.Blake3], function => Zeros(function, 32))],
            [.. Enumerable.Select((DigestFunction[])[DigestFunction.Sha1, DigestFunction.GitSha1], function => Zeros(function, 20))],
            [.. Enumerable.Select((DigestFunction[])[DigestFunction.Md5, DigestFunction.Murmur3], function => Zeros(function, 16))],
        ];

        foreach (Digest[] family in families)
        {
            for (int i = 0; i < family.Length; i++)
            {
                Assert.Equal(family.Skip(i), await Store.FindMissingAsync(family, Token));
                await Store.WriteAllAsync(family[i], BitConverter.GetBytes(i), Token);
            }

            for (int i = 0; i < family.Length; i++)
                await AssertReadsAsync(family[i], BitConverter.GetBytes(i));
        }
    }

    private static Digest Zeros(DigestFunction function, int length) => Digest.Create(default, function, new byte[length], 142);
}
