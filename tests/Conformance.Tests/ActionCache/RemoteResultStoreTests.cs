using Google.Protobuf;
using RemoteExec.ActionCache;
using RemoteExec.ActionCache.Services;
using RemoteExec.ActionCache.Stores;
using RemoteExec.Cas;
using RemoteExec.Cas.Services;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Rpc.Client;
using RemoteExec.TestKit;

namespace RemoteExec.Conformance.Tests.ActionCache;

/// <summary>The action cache of another server, as a store of results.</summary>
public sealed class RemoteResultStoreTests : IAsyncLifetime
{
    private readonly FaultyStore results = new(new MemoryStore(1 << 26));
    private readonly MemoryStore cas = new(1 << 26);
    private readonly TestBlob action = TestBlob.Random(1, 140);
    private InProcessServer server = null!;
    private RemoteResultStore store = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var cache = new CompleteActionCache(new ActionCacheStore(results), cas);
        var features = new ServerFeatures { ActionCacheUpdate = true };
        server = await InProcessServer.StartAsync(new ActionCacheService(cache, cas, features).ToRpcService());
        store = new RemoteResultStore(server.Channel, TimeSpan.Zero, TimeProvider.System);
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();

    [Fact]
    [Rule("AC-01")]
    public async Task A_result_comes_back_as_it_was_put()
    {
        Reapi.ActionResult result = await ResultAsync(7);

        await new ActionCacheStore(store).PutAsync(action.Digest, result, Token);

        Assert.Equal(result, (await new ActionCacheStore(store).FindAsync(action.Digest, Token))?.Parse());
        Assert.Empty(await store.FindMissingAsync([action.Digest], Token));
    }

    [Fact]
    [Rule("AC-11")]
    public async Task A_later_result_replaces_an_earlier_one()
    {
        var cache = new ActionCacheStore(store);
        await cache.PutAsync(action.Digest, await ResultAsync(1), Token);

        await cache.PutAsync(action.Digest, await ResultAsync(2), Token);

        Assert.Equal(2, (await cache.FindAsync(action.Digest, Token))?.Parse().ExitCode);
    }

    [Fact]
    public async Task What_the_server_does_not_have_or_hides_is_absent()
    {
        var incomplete = new Reapi.ActionResult { OutputFiles = { new Reapi.OutputFile { Path = "gone", Digest = TestBlob.Random(5, 5).Digest.ToProto() } } };
        await results.WriteAllAsync(action.Digest, incomplete.ToByteArray(), Token);
        Digest unknown = TestBlob.Random(2, 9).Digest;

        Assert.Equal([unknown, action.Digest, action.Digest.WithoutSize()], await store.FindMissingAsync([unknown, action.Digest, unknown, action.Digest.WithoutSize()], Token));
        Assert.Null(await store.OpenReadAsync(action.Digest, 0, Token));
    }

    [Fact]
    public async Task The_instance_may_have_another_name_there()
    {
        var renamed = new ActionCacheStore(new RemoteResultStore(server.Channel, TimeSpan.Zero, TimeProvider.System, InstanceName.Parse("main")));

        await renamed.PutAsync(action.Digest, new Reapi.ActionResult { ExitCode = 3 }, Token);

        Assert.Equal(3, (await renamed.FindAsync(action.Digest, Token))?.Parse().ExitCode);
        Assert.Null(await new ActionCacheStore(store).FindAsync(action.Digest, Token));
    }

    [Fact]
    public async Task What_is_no_result_can_not_be_written()
    {
        await Assert.ThrowsAsync<BlobMismatchException>(async () => await store.WriteAllAsync(action.Digest, new byte[] { 0xff, 1, 2 }, Token));
        await Assert.ThrowsAsync<StoreFullException>(async () => await store.OpenWriteAsync(action.Digest, ActionCacheStore.MaxResultBytes + 1, Token));
    }

    [Fact]
    public async Task A_server_that_fails_or_is_gone_is_unavailable()
    {
        results.Fail(StoreOperation.OpenRead, () => new StoreUnavailableException("disk", new IOException("broken")));
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.OpenReadAsync(action.Digest, 0, Token));

        await using var nowhere = new RpcChannel(RpcAddress.Parse("unix:/nowhere/at/all"));
        var gone = new RemoteResultStore(nowhere, TimeSpan.Zero, TimeProvider.System);
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await gone.FindMissingAsync([action.Digest], Token));
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await new ActionCacheStore(gone).PutAsync(action.Digest, new Reapi.ActionResult(), Token));
    }

    private async Task<Reapi.ActionResult> ResultAsync(int exitCode)
    {
        TestBlob output = TestBlob.Random(exitCode, 1000 + exitCode);
        await cas.WriteAllAsync(output.Digest, output.Content, Token);
        return new Reapi.ActionResult { ExitCode = exitCode, OutputFiles = { new Reapi.OutputFile { Path = "out", Digest = output.Digest.ToProto() } } };
    }
}
