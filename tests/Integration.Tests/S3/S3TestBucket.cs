using System.Net;
using Amazon.S3.Model;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas.Stores.S3;

namespace RemoteExec.Integration.Tests.S3;

/// <summary>A bucket of a test's own, directories of nodes that use it, and a relay that knows what they asked it.</summary>
internal sealed class S3TestBucket : IAsyncDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly S3Gateway gateway;

    private S3TestBucket(S3Gateway gateway, string name)
    {
        this.gateway = gateway;
        Name = name;
        Relay = new HttpRelay(gateway.Port);
    }

    public string Name { get; }

    public HttpRelay Relay { get; }

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<S3TestBucket> CreateAsync(S3Gateway gateway)
    {
        string name = await gateway.CreateBucketAsync();
        return new S3TestBucket(gateway, name);
    }

    /// <summary>The settings of a node: packs of 4 MiB, sealed soon.</summary>
    public S3StoreOptions Options(string node = "a") => new()
    {
        Bucket = Name,
        Prefix = "cas/",
        Path = PathOf(node),
        Endpoint = new Uri($"http://127.0.0.1:{Relay.Port}"),
        PathStyle = true,
        Credentials = gateway.Credentials,
        PackBytes = 4 << 20,
        LargeBytes = 2 << 20,
        PartBytes = 5 << 20,
        MaxBacklog = 256 << 20,
    };

    public ValueTask<S3Store> OpenAsync(S3StoreOptions? options = null, TimeProvider? time = null) =>
        S3Store.OpenAsync(options ?? Options(), NullLogger.Instance, time ?? TimeProvider.System, Token);

    /// <summary>The directory of a node.</summary>
    public string PathOf(string node) => directory[node];

    /// <summary>The packs that the bucket has.</summary>
    public async Task<IReadOnlyList<string>> PacksAsync()
    {
        ListObjectsV2Response page = await gateway.Client.ListObjectsV2Async(new ListObjectsV2Request { BucketName = Name, Prefix = "cas/packs/" }, Token);
        return [.. (page.S3Objects ?? []).Select(found => found.Key)];
    }

    /// <summary>Deletes objects behind the stores' backs.</summary>
    public async Task DeleteAsync(IEnumerable<string> keys)
    {
        foreach (string key in keys)
        {
            DeleteObjectResponse response = await gateway.Client.DeleteObjectAsync(Name, key, Token);
            Assert.Equal(HttpStatusCode.NoContent, response.HttpStatusCode);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Relay.DisposeAsync();
        directory.Dispose();
    }
}
