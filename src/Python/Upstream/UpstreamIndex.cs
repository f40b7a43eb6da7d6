using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using RemoteExec.Cas;
using RemoteExec.Fetching;
using RemoteExec.Protocol;
using RemoteExec.Python.Index;
using RemoteExec.Python.Names;
using RemoteExec.Python.Pages;

namespace RemoteExec.Python.Upstream;

/// <summary>
/// An index of somebody else, seen through ours: its pages as they are now, its files from the first time on as they were then, kept in an index of their own. While it can't be asked, there is what was fetched. Thread-safe.
/// </summary>
public sealed class UpstreamIndex : IAsyncDisposable
{
    private const int MostTold = 10_000;
    private static readonly TimeSpan justNow = TimeSpan.FromSeconds(5);
    private readonly IndexName index;
    private readonly IndexView stored;
    private readonly UpstreamPages pages;
    private readonly UpstreamFiles files;
    private readonly UpstreamPins pins;
    private readonly Flights<Digest> flights = new();
    private readonly IBlobStore cas;
    private readonly ConcurrentDictionary<string, byte> toldOf = new(StringComparer.Ordinal);
    private readonly ILogger logger;
    private readonly TimeProvider time;

    /// <summary>Makes one.</summary>
    /// <param name="index">The index whose upstream it is.</param>
    /// <param name="options">Where it is, and where what it has goes.</param>
    /// <param name="reference">The name under which it is kept what was fetched.</param>
    /// <param name="cas">Where files go.</param>
    /// <param name="http">Fetches; stays the caller's.</param>
    /// <param name="logger">Told of what is wrong with it.</param>
    /// <param name="time">The clock.</param>
    public UpstreamIndex(IndexName index, UpstreamOptions options, IIndexReference reference, IBlobStore cas, HttpDownloads http, ILogger logger, TimeProvider time)
    {
        (this.index, this.cas, this.logger, this.time) = (index, cas, logger, time);
        stored = new IndexView(reference, cas, options.Instance);
        pages = new UpstreamPages(index, options.Address, http, logger, time);
        files = new UpstreamFiles(cas, options.Instance, http, options.SpoolDirectory, options.MaxFileBytes);
        pins = new UpstreamPins(new IndexEditor(reference, cas, options.Instance), cas);
    }

    /// <summary>The projects of which something was fetched.</summary>
    /// <exception cref="CasException">The CAS, or what keeps references, fails.</exception>
    public async Task<IReadOnlyList<ProjectName>> ProjectsAsync(CancellationToken cancellationToken) => (await stored.ReadAsync(cancellationToken)).Projects;

    /// <summary>The files of a project.</summary>
    /// <param name="project">The project.</param>
    /// <param name="urls">What stands before the name of a file where it is served.</param>
    /// <param name="cancellationToken">Waits no longer.</param>
    /// <exception cref="CasException">The CAS, or what keeps references, fails.</exception>
    public async Task<IReadOnlyList<PageFile>> FilesAsync(ProjectName project, string urls, CancellationToken cancellationToken)
    {
        IndexedProject kept = await stored.ReadAsync(project, cancellationToken);
        IReadOnlyDictionary<string, PageFile>? told = await pages.FindAsync(project, null, cancellationToken);
        var all = kept.Files.ToDictionary(record => record.Name, record => PageFile.Of(record, urls + Uri.EscapeDataString(record.Name)), StringComparer.Ordinal);
        foreach (PageFile file in told?.Values ?? [])
        {
            FileRecord? pin = kept.Find(file.Name);
            if (pin is not null && pin.Sha256 != file.Sha256)
                Tell(file, pin);
            else if (all.TryGetValue(file.Name, out PageFile? mine))
                all[file.Name] = mine with { Yanked = file.Yanked };
            else
                all[file.Name] = file with { Url = urls + Uri.EscapeDataString(file.Name) };
        }

        return [.. all.Values];
    }

    /// <summary>A file, which is fetched if it was not before; null if there is none of that name.</summary>
    /// <exception cref="UpstreamException">It can't be had.</exception>
    /// <exception cref="CasException">The CAS, or what keeps references, fails.</exception>
    public async Task<Digest?> FindAsync(ProjectName project, string name, CancellationToken cancellationToken)
    {
        IndexedProject kept = await stored.ReadAsync(project, cancellationToken);
        if (kept.ContentOf(name) is { } content && await cas.ContainsAsync(content, cancellationToken))
            return content;
        if (await FindFileAsync(project, name, cancellationToken) is not { } file)
            return null;
        if (kept.Find(name) is { } pin && pin.Sha256 != file.Sha256)
            throw new UpstreamException($"{name} was served with the SHA-256 {pin.Sha256} before, and the upstream has {file.Sha256} now: what an index has served stays what it was");
        return await flights.JoinAsync($"{project}/{name}/{file.Sha256}", token => FetchAsync(project, file, token), cancellationToken);
    }

    /// <summary>The metadata of a file; null if there is none.</summary>
    /// <exception cref="UpstreamException">It can't be had.</exception>
    /// <exception cref="CasException">The CAS, or what keeps references, fails.</exception>
    public async Task<Digest?> FindMetadataAsync(ProjectName project, string name, CancellationToken cancellationToken)
    {
        IndexedProject kept = await stored.ReadAsync(project, cancellationToken);
        if (kept.ContentOf(name + IndexedProject.MetadataSuffix) is { } metadata)
            return metadata;
        PageFile? file = kept.ContentOf(name) is null ? await FindFileAsync(project, name, cancellationToken) : null;
        return file?.MetadataSha256 is null ? null : await flights.JoinAsync($"{project}/{name}/{file.MetadataSha256}/metadata", token => files.FetchMetadataAsync(file, token), cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await flights.DisposeAsync();
        await pages.DisposeAsync();
    }

    // Once for each content: pages are asked for again and again.
    private void Tell(PageFile file, FileRecord pin)
    {
        if (toldOf.Count < MostTold && toldOf.TryAdd($"{file.Name} {file.Sha256}", 0))
            PythonLog.UpstreamChanged(logger, index.Value, file.Name, file.Sha256, pin.Sha256);
    }

    // Another server may have told of it, out of a younger page.
    private async Task<PageFile?> FindFileAsync(ProjectName project, string name, CancellationToken cancellationToken)
    {
        foreach (TimeSpan? age in new TimeSpan?[] { null, justNow })
        {
            IReadOnlyDictionary<string, PageFile> page = await pages.FindAsync(project, age, cancellationToken)
                ?? throw new UpstreamException($"{name} is not stored here, and the upstream of index '{index}' can't be asked for it") { MayPass = true };
            if (page.TryGetValue(name, out PageFile? file))
                return file;
        }

        return null;
    }

    private async Task<Digest> FetchAsync(ProjectName project, PageFile file, CancellationToken cancellationToken)
    {
        (Digest content, Digest? metadata) = await files.FetchAsync(file, cancellationToken);
        var record = new FileRecord(file.Name, file.Sha256, content.SizeBytes)
        {
            Version = DistributionName.TryParse(file.Name, out DistributionName? name, out _) ? name.Version.ToString() : null,
            RequiresPython = file.RequiresPython,
            MetadataSha256 = metadata?.Hash,
            Added = time.GetUtcNow(),
            Yanked = file.Yanked,
        };
        await pins.AddAsync(project, record, content, metadata, cancellationToken);
        return content;
    }
}
