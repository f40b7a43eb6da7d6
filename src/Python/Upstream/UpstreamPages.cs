using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using RemoteExec.Fetching;
using RemoteExec.Python.Names;
using RemoteExec.Python.Pages;

namespace RemoteExec.Python.Upstream;

/// <summary>The pages of projects as an upstream has them, asked for again when they are old. One that fails is left alone for a while. Thread-safe.</summary>
/// <param name="index">The index whose upstream it is, for messages.</param>
/// <param name="address">Where it is: what its projects are below.</param>
/// <param name="http">Fetches.</param>
/// <param name="logger">Told when it fails.</param>
/// <param name="time">The clock.</param>
internal sealed class UpstreamPages(IndexName index, Uri address, HttpDownloads http, ILogger logger, TimeProvider time) : IAsyncDisposable
{
    private const int MostRemembered = 500;
    private const long MaxPageBytes = 64L << 20;
    private static readonly TimeSpan fresh = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan rest = TimeSpan.FromSeconds(30);
    private static readonly KeyValuePair<string, string>[] headers = [new("Accept", "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1")];
    private readonly ConcurrentDictionary<ProjectName, Page> pages = new();
    private readonly Flights<Page> flights = new();
    private long restsUntil; // ticks

    /// <summary>The files of a project; none if the upstream does not know it, null if it can't be asked.</summary>
    /// <param name="project">The project.</param>
    /// <param name="maxAge">How old the answer may be; null for as long as it is fresh.</param>
    /// <param name="cancellationToken">Waits no longer.</param>
    public async Task<IReadOnlyDictionary<string, PageFile>?> FindAsync(ProjectName project, TimeSpan? maxAge, CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetUtcNow();
        if (pages.TryGetValue(project, out Page? known) && now - known.Fetched < (maxAge ?? fresh))
            return known.Files;
        if (now.UtcTicks < Interlocked.Read(ref restsUntil))
            return null;
        try
        {
            return (await flights.JoinAsync(project.Value, token => FetchAsync(project, token), cancellationToken)).Files;
        }
        catch (Exception exception) when (exception is FetchFailedException or InvalidDataException)
        {
            if (Interlocked.Exchange(ref restsUntil, (time.GetUtcNow() + rest).UtcTicks) <= now.UtcTicks)
                PythonLog.UpstreamAway(logger, index.Value, exception.Message);
            return null;
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => flights.DisposeAsync();

    private async Task<Page> FetchAsync(ProjectName project, CancellationToken cancellationToken)
    {
        var place = new Uri(address, $"{project}/");
        Page page;
        try
        {
            using var content = new MemoryStream();
            await http.SaveAsync(new Download(place, MaxPageBytes) { Headers = headers, AllowsPlain = address.IsLoopback }, content, cancellationToken);
            page = new Page(time.GetUtcNow(), UpstreamPage.Parse(content.GetBuffer().AsSpan(0, (int)content.Length), place).ToDictionary(file => file.Name, StringComparer.Ordinal));
        }
        catch (FetchFailedException exception) when (exception.Failure == FetchFailure.Absent)
        {
            page = new Page(time.GetUtcNow(), new Dictionary<string, PageFile>());
        }

        if (pages.Count >= MostRemembered)
            pages.Clear();
        pages[project] = page;
        return page;
    }

    private sealed record Page(DateTimeOffset Fetched, IReadOnlyDictionary<string, PageFile> Files);
}
