using Microsoft.Extensions.Logging;
using RemoteExec.Cas;
using RemoteExec.Cas.Builds;
using RemoteExec.Redis;
using RemoteExec.References;
using RemoteExec.References.Stores;
using RemoteExec.Server.Auth.Audit;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Hosting;

/// <summary>The references of a server: where they are, their rules, and what keeps what they name.</summary>
internal sealed class KeptReferences : IAsyncDisposable
{
    private readonly RedisConnection? redis;
    private readonly DatabaseReferenceStore? database;
    private readonly ReferenceKeeper keeper;

    private KeptReferences(ReferencesOptions options, string dataDirectory, IBlobStore cas, LiveBuilds builds, AuditLog? audit, ILoggerFactory loggers, TimeProvider time)
    {
        ILogger logger = loggers.CreateLogger<ReferenceBook>();
        IReferenceStore store;
        if (options.Redis is { } shared)
        {
            redis = new RedisConnection(RedisStores.ToConnection(shared, "references.redis"), problem => Report(logger, problem), time);
            store = new RedisReferenceStore(redis, shared.KeyPrefix);
        }
        else
        {
            store = database = DatabaseReferenceStore.Open(Path.Combine(dataDirectory, "references.db"));
        }

        Book = new ReferenceBook(audit is null ? store : new AuditedReferences(store, audit), cas, time);
        keeper = new ReferenceKeeper(store, cas, builds, options.KeepInterval, logger, time);
    }

    /// <summary>The references.</summary>
    public ReferenceBook Book { get; }

    /// <summary>Opens them.</summary>
    /// <exception cref="StartupException">The file can't be used, or a setting of Redis can't.</exception>
    public static KeptReferences Open(ReferencesOptions options, string dataDirectory, IBlobStore cas, LiveBuilds builds, AuditLog? audit, ILoggerFactory loggers, TimeProvider time)
    {
        try
        {
            return new KeptReferences(options, dataDirectory, cas, builds, audit, loggers, time);
        }
        catch (IOException exception)
        {
            throw new StartupException($"references can't be opened: {exception.Message} (set references.redis to keep them elsewhere)", exception);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await keeper.DisposeAsync();
        database?.Dispose();
        if (redis is not null)
            await redis.DisposeAsync();
    }

    private static void Report(ILogger logger, string? problem)
    {
        if (problem is null)
            ServerLog.ReferencesBack(logger);
        else
            ServerLog.ReferencesAway(logger, problem);
    }
}
