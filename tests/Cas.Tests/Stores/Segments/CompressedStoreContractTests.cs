using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Stores.Segments;

/// <summary>The contract of all stores, with every value above the small ones compressed, though it does not shrink.</summary>
public sealed class CompressedStoreContractTests : ValueStoreContract
{
    private readonly StoreFolder folder = new();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        folder.Dispose();
    }

    protected override async ValueTask<IBlobStore> CreateStoreAsync() => await SegmentStore.OpenAsync(
        folder.Options(128 << 20, 4 << 20) with { Compression = SegmentCompression.Zstd, CompressedPercent = 200 }, NullLogger.Instance, TimeProvider.System, Token);
}
