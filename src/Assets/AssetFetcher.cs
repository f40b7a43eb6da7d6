using RemoteExec.ActionCache;
using RemoteExec.Assets.Git;
using RemoteExec.Cas;
using RemoteExec.Fetching;
using RemoteExec.Protocol;

namespace RemoteExec.Assets;

/// <summary>Finds assets: those that are bound, else those that can be fetched, which are bound then. Thread-safe.</summary>
/// <remarks>What is fetched is the server's own doing, and may outlive the call that wanted it: the stores are not those that look at who calls.</remarks>
public sealed class AssetFetcher : IAsyncDisposable
{
    private readonly AssetBindings bindings;
    private readonly AssetDownload download;
    private readonly AssetFlights flights;

    /// <summary>Makes one.</summary>
    /// <param name="results">Where bindings are; must hide what is not complete.</param>
    /// <param name="cas">Where content goes.</param>
    /// <param name="http">Fetches files.</param>
    /// <param name="addresses">Where repositories may be fetched from.</param>
    /// <param name="options">How.</param>
    /// <param name="time">The clock.</param>
    public AssetFetcher(IActionCache results, IBlobStore cas, HttpDownloads http, FetchableAddresses addresses, AssetFetchOptions options, TimeProvider time)
    {
        bindings = new AssetBindings(results, time);
        download = new AssetDownload(cas, http, new GitFetch(cas, addresses, options), options, time);
        flights = new AssetFlights(options.Timeout, time);
        MakeEmpty(options.SpoolDirectory);
    }

    /// <summary>Finds an asset; the CAS has it when this returns.</summary>
    /// <param name="request">Which.</param>
    /// <param name="mayFetch">Whether it may be fetched if it is not bound.</param>
    /// <param name="cancellationToken">Waits no longer.</param>
    /// <exception cref="AssetException">It is not to be had.</exception>
    /// <exception cref="CasException">A store failed.</exception>
    public async Task<BoundAsset> FindAsync(AssetRequest request, bool mayFetch, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await bindings.FindAsync(request, cancellationToken) is { } known)
                return known;
            AssetRequest wanted = Fetchable(request, mayFetch);
            string name = string.Join(' ', Enumerable.Range(0, wanted.Uris.Count).Select(wanted.KeyOf));
            BoundAsset fetched = await flights.JoinAsync(name, wanted.Patience, token => FetchAsync(wanted, token), cancellationToken);
            if (fetched.Since >= request.Oldest)
                return fetched; // else somebody had begun before
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => flights.DisposeAsync();

    private static void MakeEmpty(string directory)
    {
        if (Directory.Exists(directory))
            Directory.Delete(directory, recursive: true); // what a crash has left
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(directory);
        else
            Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute); // some of it takes credentials to be had
    }

    private static AssetRequest Fetchable(AssetRequest request, bool mayFetch)
    {
        if (!Enumerable.Range(0, request.Uris.Count).Any(uri => request.HttpUri(uri) is not null))
            throw new AssetException(AssetFailure.Absent, "nothing is bound to it, and it is no https:// URL that could be fetched") { Uri = request.Uris[0] };
        if (request is { Kind: AssetKind.Blob, Qualifiers.ResourceType: AssetQualifiers.GitType })
            throw new AssetException(AssetFailure.Unsupported, "a repository of git is a directory: ask for it with FetchDirectory");
        if (request.Qualifiers.Unknown(request.Kind) is { Count: > 0 } unknown)
            throw new AssetException(AssetFailure.Unsupported, $"nothing is bound to it, and it can't be fetched as qualified: nothing is known of {string.Join(", ", unknown.Select(name => $"'{name}'"))}") { UnknownQualifiers = unknown };
        return mayFetch ? request : throw new AssetException(AssetFailure.Refused, "nothing is bound to it, and it can't be fetched into an instance that is only read") { Uri = request.Uris[0] };
    }

    private async Task<BoundAsset> FetchAsync(AssetRequest request, CancellationToken cancellationToken)
    {
        (int uri, BoundAsset asset) = await download.RunAsync(request, cancellationToken);
        await bindings.PutAsync(request.KeyOf(uri), AssetBindings.Encode(request.Kind, asset, [], []), cancellationToken);
        return asset;
    }
}
