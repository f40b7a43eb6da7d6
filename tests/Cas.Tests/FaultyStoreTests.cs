using RemoteExec.Cas.Stores;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests;

/// <summary>The test kit's own store is a store like any other as long as no test makes it fail.</summary>
public sealed class FaultyStoreTests : ValueStoreContract
{
    protected override ValueTask<IBlobStore> CreateStoreAsync() => ValueTask.FromResult<IBlobStore>(new FaultyStore(new MemoryStore(128 * 1024 * 1024)));

    [Theory]
    [InlineData(StoreOperation.FindMissing)]
    [InlineData(StoreOperation.OpenRead)]
    [InlineData(StoreOperation.Read)]
    [InlineData(StoreOperation.OpenWrite)]
    [InlineData(StoreOperation.Write)]
    [InlineData(StoreOperation.Commit)]
    public async Task It_fails_where_it_is_told_to(StoreOperation operation)
    {
        TestBlob blob = TestBlob.Random(1, 100);
        await Store.WriteAllAsync(blob.Digest, blob.Content, Token);
        ((FaultyStore)Store).Fail(operation, () => new StoreUnavailableException("faulty", null));

        Exception?[] exceptions =
        [
            await Record.ExceptionAsync(async () => await Store.FindMissingAsync([blob.Digest], Token)),
            await Record.ExceptionAsync(async () => await Store.ReadAllAsync(blob.Digest, 100, Token)),
            await Record.ExceptionAsync(async () => await Store.WriteAllAsync(blob.Digest, blob.Content, Token)),
        ];

        Assert.IsType<StoreUnavailableException>(Assert.Single(exceptions, exception => exception is not null));
    }
}
