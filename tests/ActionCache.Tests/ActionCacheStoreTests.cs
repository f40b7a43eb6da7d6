using RemoteExec.Cas;
using RemoteExec.Cas.Stores;
using RemoteExec.TestKit;

namespace RemoteExec.ActionCache.Tests;

public sealed class ActionCacheStoreTests : ActionCacheContract
{
    private readonly MemoryStore results = new(1024 * 1024);

    protected override ValueTask<IActionCache> CreateCacheAsync() => ValueTask.FromResult<IActionCache>(new ActionCacheStore(results));

    [Fact]
    public async Task What_is_no_result_is_a_miss()
    {
        await results.WriteAllAsync(Action(1), new byte[] { 0x0a, 0xff }, Token);

        Assert.Null(await Cache.GetAsync(Action(1), Token));
    }

    [Fact]
    public async Task A_damaged_result_is_a_miss_and_an_unreachable_one_is_not()
    {
        var faulty = new FaultyStore(results);
        var cache = new ActionCacheStore(faulty);
        await cache.PutAsync(Action(1), Result("r"), Token);

        faulty.Fail(StoreOperation.Read, () => new BlobCorruptException(Action(1)));
        Assert.Null(await cache.GetAsync(Action(1), Token));

        faulty.Fail(StoreOperation.Read, () => new StoreUnavailableException("results", null));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => cache.GetAsync(Action(1), Token));
    }

    [Fact]
    public async Task A_result_that_could_not_be_read_back_is_not_stored()
    {
        Reapi.ActionResult huge = Result(new string('x', ActionCacheStore.MaxResultBytes));

        await Assert.ThrowsAsync<BlobTooLargeException>(() => Cache.PutAsync(Action(1), huge, Token));
    }
}
