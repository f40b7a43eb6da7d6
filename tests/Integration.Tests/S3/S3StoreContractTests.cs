using RemoteExec.Cas;
using RemoteExec.Cas.Stores.S3;

namespace RemoteExec.Integration.Tests.S3;

/// <summary>The contract of all stores, read from the spool, where everything is that was not uploaded yet.</summary>
public sealed class S3StoreContractTests(S3Gateway gateway) : ValueStoreContract
{
    private S3TestBucket? bucket;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (bucket is not null)
            await bucket.DisposeAsync();
    }

    protected override async ValueTask<IBlobStore> CreateStoreAsync()
    {
        bucket = await S3TestBucket.CreateAsync(gateway);
        return await bucket.OpenAsync();
    }
}

/// <summary>The contract of all stores, read from the bucket: a commit waits until it is there.</summary>
public sealed class S3AcknowledgedStoreContractTests(S3Gateway gateway) : ValueStoreContract
{
    private S3TestBucket? bucket;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (bucket is not null)
            await bucket.DisposeAsync();
    }

    protected override async ValueTask<IBlobStore> CreateStoreAsync()
    {
        bucket = await S3TestBucket.CreateAsync(gateway);
        return await bucket.OpenAsync(bucket.Options() with { Acknowledge = S3Acknowledgement.S3 });
    }
}
