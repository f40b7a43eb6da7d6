using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.Rpc.Client;
using RemoteExec.TestKit;

namespace RemoteExec.Conformance.Tests.Cas;

/// <summary>What a <see cref="RemoteStore"/> does that may use several front ends of one cluster, when the one that it uses goes.</summary>
public sealed class SeveralServersTests
{
    private const int MiB = 1024 * 1024;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(100)]
    [InlineData(8 * MiB)]
    public async Task Its_calls_go_to_the_next(int length)
    {
        IBlobStore shared = new EmptyBlobStore(new VerifyingStore(new MemoryStore(64 * MiB)));
        CasServer one = await CasServer.StartOverAsync(shared);
        await using CasServer two = await CasServer.StartOverAsync(shared);
        await using var channel = new RpcChannel([RpcAddress.Parse(one.Address.ToString()), RpcAddress.Parse(two.Address.ToString())]);
        var store = new RemoteStore(channel, RemoteStore.DefaultPatience, TimeProvider.System);
        TestBlob first = TestBlob.Random(1, length), second = TestBlob.Random(2, length);
        await store.WriteAllAsync(first.Digest, first.Content, Token);

        await one.DisposeAsync();

        Assert.Empty(await store.FindMissingAsync([first.Digest], Token));
        Assert.Equal(first.Content, await store.ReadAllAsync(first.Digest, length, Token));
        await store.WriteAllAsync(second.Digest, second.Content, Token);
        Assert.Equal(second.Content, await shared.ReadAllAsync(second.Digest, length, Token));
    }

    [Fact]
    public async Task A_read_that_has_begun_goes_on_at_the_next_from_where_it_stood()
    {
        const int Length = 32 * MiB; // more than is on its way at a time
        IBlobStore shared = new EmptyBlobStore(new VerifyingStore(new MemoryStore(64 * MiB)));
        CasServer one = await CasServer.StartOverAsync(shared);
        await using CasServer two = await CasServer.StartOverAsync(shared);
        await using var channel = new RpcChannel([RpcAddress.Parse(one.Address.ToString()), RpcAddress.Parse(two.Address.ToString())]);
        var store = new RemoteStore(channel, RemoteStore.DefaultPatience, TimeProvider.System);
        TestBlob blob = TestBlob.Random(3, Length);
        await shared.WriteAllAsync(blob.Digest, blob.Content, Token);
        await using BlobReader reader = (await store.OpenReadAsync(blob.Digest, 0, Token))!;
        var read = new byte[Length];
        int done = await reader.ReadAsync(read.AsMemory(0, MiB), Token);

        await one.DisposeAsync();

        while (await reader.ReadAsync(read.AsMemory(done), Token) is var count and > 0)
            done += count;
        Assert.Equal(blob.Content, read);
        Assert.Equal(RpcAddress.Parse(two.Address.ToString()), channel.Address);
    }
}
