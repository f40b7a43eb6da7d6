using System.Net.Security;
using System.Security.Cryptography;
using RemoteExec.ActionCache;
using RemoteExec.Assets;
using RemoteExec.Assets.Services;
using RemoteExec.Cas;
using RemoteExec.Cas.Services;
using RemoteExec.Fetching;
using RemoteExec.Rpc.Client;
using RemoteExec.Rpc.Server;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Hosting;

/// <summary>The Remote Asset API as the options want it.</summary>
internal sealed class AssetsOpening : IAsyncDisposable
{
    private readonly HttpDownloads http;
    private readonly AssetFetcher fetcher;

    private AssetsOpening(HttpDownloads http, AssetFetcher fetcher) => (this.http, this.fetcher) = (http, fetcher);

    /// <summary>Its services, for clients.</summary>
    public required IReadOnlyList<RpcService> Services { get; init; }

    /// <summary>Opens it; null if it is not offered.</summary>
    /// <param name="options">The options.</param>
    /// <param name="dataDirectory">Where the server keeps what it has.</param>
    /// <param name="cas">The CAS, whoever calls.</param>
    /// <param name="results">The results whose outputs are there, whoever calls.</param>
    /// <param name="pushed">The results as callers may write them.</param>
    /// <param name="features">What the server claims.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="StartupException">The file with the certificates can't be read.</exception>
    public static AssetsOpening? Open(
        AssetsOptions options, string dataDirectory, IBlobStore cas, IActionCache results, IActionCache pushed, ServerFeatures features, TimeProvider time)
    {
        if (!options.Enabled)
            return null;
        var addresses = new FetchableAddresses(options.AllowPrivate);
        var http = new HttpDownloads(addresses, options.CaFile is { } file ? Trust(file) : null, time);
        long longest = features.Limits.MaxBlobBytes > 0 ? Math.Min(features.Limits.MaxBlobBytes, options.MaxBytes.Bytes) : options.MaxBytes.Bytes;
        var fetcher = new AssetFetcher(
            results, cas, http, addresses,
            new AssetFetchOptions
            {
                SpoolDirectory = Path.Combine(dataDirectory, "assets"),
                MaxBytes = longest,
                Timeout = options.Timeout,
                KeepUnverified = options.KeepUnverified,
                CaFile = options.CaFile is { } trusted ? Path.GetFullPath(trusted) : null,
            },
            time);
        return new AssetsOpening(http, fetcher)
        {
            Services = [new FetchService(fetcher, features, time).ToRpcService(), new PushService(pushed, cas, features, time).ToRpcService()],
        };
    }

    /// <summary>Gives up what is being fetched.</summary>
    public async ValueTask DisposeAsync()
    {
        await fetcher.DisposeAsync();
        http.Dispose();
    }

    private static SslClientAuthenticationOptions Trust(string file)
    {
        try
        {
            return RpcTrust.InPemFile(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new StartupException($"{file}: {(exception is CryptographicException ? exception.Message.TrimEnd('.') : IoReason.OfReading(file, exception))} (setting assets.caFile)", exception);
        }
    }
}
