using System.Security.Cryptography;
using RemoteExec.ActionCache;
using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.Fetching;
using RemoteExec.Protocol;

namespace RemoteExec.Assets.Tests;

/// <summary>A fetcher of assets with stores of its own, and a server to fetch from.</summary>
internal sealed class AssetBed : IAsyncDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly HttpDownloads http;
    private readonly MemoryStore blobs = new(64 << 20);

    private AssetBed(WebServer web, bool allowsPrivate, Func<AssetFetchOptions, AssetFetchOptions> change, TimeProvider time)
    {
        Web = web;
        Cas = new EmptyBlobStore(new VerifyingStore(blobs));
        Results = new CompleteActionCache(new ActionCacheStore(new MemoryStore(1 << 20)), Cas);
        var addresses = new FetchableAddresses(allowsPrivate);
        http = new HttpDownloads(addresses, null, time);
        Fetcher = new AssetFetcher(Results, Cas, http, addresses, change(new AssetFetchOptions { SpoolDirectory = Spool }), time);
    }

    public WebServer Web { get; }

    public IBlobStore Cas { get; }

    public IActionCache Results { get; }

    public AssetFetcher Fetcher { get; }

    public string Spool => directory["spool"];

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<AssetBed> StartAsync(bool allowsPrivate = true, Func<AssetFetchOptions, AssetFetchOptions>? change = null, TimeProvider? time = null) =>
        new(await WebServer.StartAsync(), allowsPrivate, change ?? (options => options), time ?? TimeProvider.System);

    /// <summary>The checksum of something, as a qualifier.</summary>
    public static (string Name, string Value) ChecksumOf(byte[] content) => ("checksum.sri", $"sha256-{Convert.ToBase64String(SHA256.HashData(content))}");

    public static AssetRequest Ask(AssetKind kind, IReadOnlyList<string> uris, params (string Name, string Value)[] qualifiers) =>
        new(kind, default, DigestFunction.Sha256, uris, AssetQualifiers.Read(qualifiers, uris.Count));

    public Task<BoundAsset> FetchAsync(string uri, params (string Name, string Value)[] qualifiers) => Fetcher.FindAsync(Ask(AssetKind.Blob, [uri], qualifiers), mayFetch: true, Token);

    public Task<BoundAsset> FetchAsync(AssetRequest request) => Fetcher.FindAsync(request, mayFetch: true, Token);

    /// <summary>What a fetch fails with.</summary>
    public async Task<AssetException> FailAsync(AssetFailure failure, AssetRequest request)
    {
        AssetException exception = await Assert.ThrowsAsync<AssetException>(() => FetchAsync(request));
        Assert.Equal((failure, exception.Message), (exception.Failure, exception.Message));
        return exception;
    }

    public async Task<byte[]> ReadAsync(Digest digest) => (await Cas.ReadAllAsync(digest, int.MaxValue, Token))!;

    public async ValueTask DisposeAsync()
    {
        await Fetcher.DisposeAsync();
        http.Dispose();
        await Web.DisposeAsync();
        directory.Dispose();
    }
}
