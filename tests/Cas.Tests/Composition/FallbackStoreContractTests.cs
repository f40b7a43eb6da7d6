using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Composition;

/// <summary>While the first store is there.</summary>
public sealed class FallbackStoreContractTests : ValueStoreContract
{
    protected override ValueTask<IBlobStore> CreateStoreAsync() => ValueTask.FromResult<IBlobStore>(
        new FallbackStore("results", new MemoryStore(100 << 20), new MemoryStore(100 << 20), NullLogger<FallbackStore>.Instance, TimeProvider.System));
}

/// <summary>While the first store is away.</summary>
public sealed class FallbackStoreAloneContractTests : ValueStoreContract
{
    protected override ValueTask<IBlobStore> CreateStoreAsync()
    {
        var away = new FaultyStore(new MemoryStore(100 << 20)) { Before = (_, _) => throw new StoreUnavailableException("first", null) };
        return ValueTask.FromResult<IBlobStore>(new FallbackStore("results", away, new MemoryStore(100 << 20), NullLogger<FallbackStore>.Instance, TimeProvider.System));
    }
}

/// <summary>While the second store takes nothing.</summary>
public sealed class FallbackStoreWithoutCopiesContractTests : ValueStoreContract
{
    protected override ValueTask<IBlobStore> CreateStoreAsync()
    {
        var full = new FaultyStore(new MemoryStore(100 << 20));
        full.Fail(StoreOperation.Commit, () => new StoreFullException("then", 1, "it is full"));
        return ValueTask.FromResult<IBlobStore>(new FallbackStore("results", new MemoryStore(100 << 20), full, NullLogger<FallbackStore>.Instance, TimeProvider.System));
    }
}

/// <summary>A store that is there.</summary>
public sealed class MissingWhenDownStoreContractTests : ValueStoreContract
{
    protected override ValueTask<IBlobStore> CreateStoreAsync() => ValueTask.FromResult<IBlobStore>(
        new MissingWhenDownStore("results", new MemoryStore(100 << 20), NullLogger<MissingWhenDownStore>.Instance, TimeProvider.System));
}
