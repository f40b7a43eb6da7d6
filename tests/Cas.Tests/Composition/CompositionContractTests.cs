using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Composition;

/// <summary>What stores that are made of others promise as any store does; what they add is tested beside.</summary>
public static class CompositionContractTests
{
    private static readonly TimeSpan minute = TimeSpan.FromMinutes(1);

    private static MemoryStore Memory() => new(128 * 1024 * 1024);

    public sealed class Retry : ValueStoreContract
    {
        protected override ValueTask<IBlobStore> CreateStoreAsync() => ValueTask.FromResult<IBlobStore>(new RetryStore(Memory(), 3, minute, TimeProvider.System));
    }

    public sealed class ExistenceCache : ValueStoreContract
    {
        protected override ValueTask<IBlobStore> CreateStoreAsync() => ValueTask.FromResult<IBlobStore>(new ExistenceCacheStore(Memory(), minute, 100_000, TimeProvider.System));
    }

    public sealed class VerifiedRead : BlobStoreContract
    {
        protected override ValueTask<IBlobStore> CreateStoreAsync() => ValueTask.FromResult<IBlobStore>(new VerifiedReadStore(Memory()));
    }

    public sealed class LocalCopy : BlobStoreContract
    {
        private readonly TemporaryDirectory directory = new();

        protected override ValueTask<IBlobStore> CreateStoreAsync() => ValueTask.FromResult<IBlobStore>(new LocalCopyStore(Memory(), directory.FullPath, TimeProvider.System));

        public override async ValueTask DisposeAsync()
        {
            await base.DisposeAsync();
            directory.Dispose();
        }
    }

    public sealed class Metered : ValueStoreContract
    {
        private readonly StoreMetrics metrics = new();

        protected override ValueTask<IBlobStore> CreateStoreAsync() => ValueTask.FromResult<IBlobStore>(new MeteredStore("memory", Memory(), metrics, TimeProvider.System));

        public override async ValueTask DisposeAsync()
        {
            await base.DisposeAsync();
            metrics.Dispose();
        }
    }

    public sealed class Shard : ValueStoreContract
    {
        protected override ValueTask<IBlobStore> CreateStoreAsync() => ValueTask.FromResult<IBlobStore>(new ShardStore(
            "shard", [new("a", Memory()), new("b", Memory(), 2), new("c", Memory())], minute, minute, NullLogger.Instance, TimeProvider.System));
    }

    public sealed class ChangingShard : ValueStoreContract
    {
        protected override ValueTask<IBlobStore> CreateStoreAsync() => ValueTask.FromResult<IBlobStore>(new ShardStore(
            "shard",
            [new("a", Memory()), new("b", Memory(), State: ShardNodeState.Joining), new("c", Memory(), State: ShardNodeState.Draining)],
            minute, minute, NullLogger.Instance, TimeProvider.System));
    }

    public sealed class Mirror : ValueStoreContract
    {
        protected override ValueTask<IBlobStore> CreateStoreAsync() => ValueTask.FromResult<IBlobStore>(new MirrorStore(
            "mirror", [("a", Memory()), ("b", Memory())], minute, NullLogger.Instance, TimeProvider.System));
    }

    public sealed class FastSlow : ValueStoreContract
    {
        protected override ValueTask<IBlobStore> CreateStoreAsync() => ValueTask.FromResult<IBlobStore>(new FastSlowStore(
            Memory(), Memory(), new FastSlowStoreOptions { Name = "both" }, NullLogger.Instance, TimeProvider.System));
    }

    /// <summary>A fast tier too small for most: what is read comes from the slow one.</summary>
    public sealed class TinyFastSlow : ValueStoreContract
    {
        protected override ValueTask<IBlobStore> CreateStoreAsync() => ValueTask.FromResult<IBlobStore>(new FastSlowStore(
            new MemoryStore(100_000), Memory(), new FastSlowStoreOptions { Name = "both" }, NullLogger.Instance, TimeProvider.System));
    }
}
