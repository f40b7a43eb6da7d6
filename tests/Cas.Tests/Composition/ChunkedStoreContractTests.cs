using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Composition;

/// <summary>Blobs as they are without a recipe.</summary>
public sealed class ChunkedStoreContractTests : BlobStoreContract
{
    protected override ValueTask<IBlobStore> CreateStoreAsync() => ValueTask.FromResult<IBlobStore>(new ChunkedStore(new MemoryStore(100 << 20)));
}
