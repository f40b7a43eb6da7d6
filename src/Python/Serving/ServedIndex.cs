using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Python.Index;
using RemoteExec.Python.Names;
using RemoteExec.Python.Pages;
using RemoteExec.Python.Upstream;

namespace RemoteExec.Python.Serving;

/// <summary>An index as clients see it: what was put into it, and what its upstream has of projects that it does not know itself. Thread-safe.</summary>
/// <param name="name">Its name.</param>
/// <param name="instance">The instance that it is in.</param>
/// <param name="own">What was put into it.</param>
/// <param name="cas">Where its files are.</param>
/// <param name="upstream">The index behind it; null for none.</param>
/// <param name="rules">Which projects come from where.</param>
public sealed class ServedIndex(IndexName name, InstanceName instance, IndexView own, IBlobStore cas, UpstreamIndex? upstream, UpstreamRules rules) : IAsyncDisposable
{
    private readonly WheelMaking wheels = new(cas, instance);

    /// <summary>Its name.</summary>
    public IndexName Name => name;

    /// <summary>The instance that it is in.</summary>
    public InstanceName Instance => instance;

    /// <summary>Which of its files were used.</summary>
    public FileUses Uses { get; } = new();

    /// <summary>The projects that it knows, of those of an upstream the ones of which something was fetched; null if there is no such index.</summary>
    /// <exception cref="CasException">The CAS, or what keeps references, fails.</exception>
    public async Task<IReadOnlyList<ProjectName>?> ProjectsAsync(CancellationToken cancellationToken)
    {
        IndexTree tree = await own.ReadAsync(cancellationToken);
        IReadOnlyList<ProjectName> mine = tree.Projects;
        return upstream is null ? (tree.IsNew ? null : mine) : [.. mine.Union(await upstream.ProjectsAsync(cancellationToken)).OrderBy(project => project.Value, StringComparer.Ordinal)];
    }

    /// <summary>The files of a project; null if the index knows no such project.</summary>
    /// <param name="project">The project.</param>
    /// <param name="channel">The channel through which it is looked at: of a project that has builds of it there are these alone; null for none.</param>
    /// <param name="urls">What the URLs of files are below.</param>
    /// <param name="cancellationToken">Waits no longer.</param>
    /// <exception cref="CasException">The CAS, or what keeps references, fails.</exception>
    public async Task<IReadOnlyList<PageFile>?> FilesAsync(ProjectName project, string? channel, string urls, CancellationToken cancellationToken)
    {
        IndexedProject mine = await own.ReadAsync(project, cancellationToken);
        string place = $"{urls}{project}/";
        string? line = channel is not null && mine.Files.Any(record => record.Channel == channel) ? channel : null;
        List<PageFile> files = [.. mine.Files.Where(record => record.Channel == line).Select(record => PageFile.Of(record, place + Uri.EscapeDataString(record.Name)))];
        if (line is null && AsksUpstream(project, mine))
        {
            HashSet<string> names = [.. mine.Records.Select(record => record.Name)];
            files.AddRange((await upstream!.FilesAsync(project, place, cancellationToken)).Where(file => !names.Contains(file.Name)));
        }

        return files.Count == 0 && mine.IsEmpty ? null : [.. files.OrderBy(file => file.Name, StringComparer.Ordinal)];
    }

    /// <summary>A file; null if there is none of that name.</summary>
    /// <param name="project">Its project.</param>
    /// <param name="file">Its name; with <c>.metadata</c> behind for its metadata.</param>
    /// <param name="cancellationToken">Waits no longer.</param>
    /// <exception cref="UpstreamException">An upstream has it, and it can't be had from there.</exception>
    /// <exception cref="PythonIndexException">It is a wheel that can't be made.</exception>
    /// <exception cref="CasException">The CAS, or what keeps references, fails.</exception>
    public async Task<Digest?> FindAsync(ProjectName project, string file, CancellationToken cancellationToken)
    {
        IndexedProject mine = await own.ReadAsync(project, cancellationToken);
        bool isMetadata = file.EndsWith(IndexedProject.MetadataSuffix, StringComparison.Ordinal);
        string of = isMetadata ? file[..^IndexedProject.MetadataSuffix.Length] : file;
        if (mine.Find(of) is { } record)
        {
            if (record.Channel is not null && !isMetadata)
                Uses.Add(project, of);
            return !isMetadata && mine.IsMadeOfDirectory(of) ? await wheels.FindAsync(mine, record, cancellationToken) : mine.ContentOf(file);
        }

        if (!AsksUpstream(project, mine) || !DistributionName.IsFileName(of))
            return null;
        if (isMetadata)
            return await upstream!.FindMetadataAsync(project, of, cancellationToken);
        Digest? found = await upstream!.FindAsync(project, of, cancellationToken);
        if (found is not null)
            Uses.Add(project, of);
        return found;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await wheels.DisposeAsync();
        if (upstream is not null)
            await upstream.DisposeAsync();
    }

    private bool AsksUpstream(ProjectName project, IndexedProject mine) => upstream is not null && rules.Allow(project, isOwn: !mine.IsEmpty);
}
