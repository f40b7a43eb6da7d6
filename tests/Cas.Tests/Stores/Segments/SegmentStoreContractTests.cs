using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Stores.Segments;

/// <summary>The contract of all stores, with segments so small that several of them, and segments of one record, take part.</summary>
public sealed class SegmentStoreContractTests : ValueStoreContract
{
    private readonly StoreFolder folder = new();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        folder.Dispose();
    }

    protected override async ValueTask<IBlobStore> CreateStoreAsync() => await folder.OpenAsync(maxBytes: 128 << 20, segmentBytes: 4 << 20);
}
