using System.Net.Security;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using RemoteExec.Cas;
using RemoteExec.Cas.Services;
using RemoteExec.Fetching;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Access;
using RemoteExec.Python.Index;
using RemoteExec.Python.Names;
using RemoteExec.Python.Services;
using RemoteExec.Python.Serving;
using RemoteExec.Python.Upstream;
using RemoteExec.References;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Hosting;

/// <summary>The Python indexes of a server, as the options want them.</summary>
internal sealed class PythonOpening : IAsyncDisposable
{
    private const int MostListed = 1000; // at a time
    private const long MaxFileBytes = 16L << 30;
    private static readonly PypiIndexOptions others = new();
    private readonly List<HttpDownloads> downloads = [];
    private readonly PypiOptions options;
    private readonly PythonIndexes indexes;
    private readonly IndexKeeper keeper;

    private PythonOpening(
        PypiOptions options, string dataDirectory, IBlobStore cas, CasLimits limits, ReferenceBook book, AccessGuard guard, ILoggerFactory loggers, TimeProvider time)
    {
        this.options = options;
        ILogger logger = loggers.CreateLogger<PythonIndexes>();
        string spool = Path.Combine(dataDirectory, "pypi");
        if (options.Indexes.Values.Any(index => index.Upstream is not null))
            MakeEmpty(spool);
        long longest = limits.MaxBlobBytes > 0 ? Math.Min(limits.MaxBlobBytes, MaxFileBytes) : MaxFileBytes;
        indexes = new PythonIndexes(
            options.Indexes.ToDictionary(entry => IndexName.Parse(entry.Key), entry => Make(IndexName.Parse(entry.Key), entry.Value)),
            name => Make(name, others));
        Endpoints = new PythonEndpoints(indexes, cas, guard);
        keeper = new IndexKeeper(
            indexes,
            new IndexKeeperOptions
            {
                Cas = cas,
                Open = (instance, name) => new BookReference(book, instance, name),
                ListAsync = token => ListAsync(book, token),
                RetentionOf = name => RetentionOf(name),
            },
            logger, time);

        ServedIndex Make(IndexName name, PypiIndexOptions index)
        {
            InstanceName instance = InstanceName.Parse(index.Instance);
            var own = new IndexView(new BookReference(book, instance, name.Reference), cas, instance);
            return new ServedIndex(name, instance, own, cas, index.Upstream is null ? null : Behind(name, instance, index), new UpstreamRules(Patterns(index.Private), Patterns(index.Shared)));
        }

        UpstreamIndex Behind(IndexName name, InstanceName instance, PypiIndexOptions index)
        {
            var http = new HttpDownloads(new FetchableAddresses(index.AllowPrivate), index.CaFile is { } file ? Trust(file) : null, time);
            downloads.Add(http);
            var where = new UpstreamOptions { Address = new Uri(index.Upstream!.TrimEnd('/') + '/'), Instance = instance, SpoolDirectory = spool, MaxFileBytes = longest };
            return new UpstreamIndex(name, where, new BookReference(book, instance, name.UpstreamReference), cas, http, logger, time);
        }
    }

    /// <summary>What serves them.</summary>
    public PythonEndpoints Endpoints { get; }

    /// <summary>Opens them.</summary>
    /// <param name="options">The options.</param>
    /// <param name="dataDirectory">Where the server keeps what it has.</param>
    /// <param name="cas">The CAS, whoever calls.</param>
    /// <param name="limits">How long blobs may be.</param>
    /// <param name="book">The references that name them.</param>
    /// <param name="guard">Knows who calls.</param>
    /// <param name="loggers">Told of what is wrong.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="StartupException">A file with certificates can't be read, or there is no place for what is fetched.</exception>
    public static PythonOpening Open(PypiOptions options, string dataDirectory, IBlobStore cas, CasLimits limits, ReferenceBook book, AccessGuard guard, ILoggerFactory loggers, TimeProvider time)
    {
        try
        {
            return new PythonOpening(options, dataDirectory, cas, limits, book, guard, loggers, time);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"there is no place for what Python indexes fetch: {exception.Message} (setting data)", exception);
        }
    }

    /// <summary>Gives up what is being fetched, and writes down what was used.</summary>
    public async ValueTask DisposeAsync()
    {
        await indexes.DisposeAsync();
        await keeper.DisposeAsync();
        foreach (HttpDownloads http in downloads)
            http.Dispose();
    }

    // Those that settings name may be in another instance, and are looked after in any case.
    private static async Task<IReadOnlyList<IndexName>> ListAsync(ReferenceBook book, CancellationToken cancellationToken)
    {
        List<IndexName> names = [];
        for (string? after = ""; after is not null;)
        {
            (IReadOnlyList<Reference> references, after) = await book.ListAsync(default, IndexName.Prefix, after, MostListed, cancellationToken);
            foreach (Reference reference in references)
            {
                if (IndexName.TryParse(reference.Name.Value[IndexName.Prefix.Length..], out IndexName name))
                    names.Add(name);
            }
        }

        return names;
    }

    private RetentionOptions RetentionOf(IndexName name)
    {
        PypiIndexOptions index = options.Indexes.GetValueOrDefault(name.Value, others);
        return new RetentionOptions { Unused = index.Retention, Releases = index.ReleaseRetention };
    }

    private static IReadOnlyList<ProjectPattern> Patterns(IEnumerable<string> texts) => [.. texts.Select(text => ProjectPattern.TryParse(text)!)];

    private static void MakeEmpty(string directory)
    {
        if (Directory.Exists(directory))
            Directory.Delete(directory, recursive: true); // what a crash has left
        Directory.CreateDirectory(directory);
    }

    private static SslClientAuthenticationOptions Trust(string file)
    {
        try
        {
            return RpcTrust.InPemFile(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new StartupException($"{file}: {(exception is CryptographicException ? exception.Message.TrimEnd('.') : IoReason.OfReading(file, exception))} (setting pypi.indexes caFile)", exception);
        }
    }
}
