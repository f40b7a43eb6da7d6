using Microsoft.Extensions.Logging;
using RemoteExec.Builds;
using RemoteExec.Builds.Explain;
using RemoteExec.Builds.Records;
using RemoteExec.Builds.Sharing;
using RemoteExec.Cas;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Hosting;

/// <summary>Opens the records of builds that the options describe.</summary>
internal static class RecordsOpening
{
    private const long MostBacklog = 64 << 20; // bytes

    /// <summary>The records; null if none are to be kept, or none can be: a server without them serves all the same.</summary>
    public static BuildRecords? Open(BuildsOptions options, string dataDirectory, ILoggerFactory loggers, TimeProvider time)
    {
        if (options.MaxBytes.Bytes == 0)
            return null;
        string path = Path.Combine(dataDirectory, "builds.db");
        ILogger logger = loggers.CreateLogger<BuildRecords>();
        try
        {
            return BuildRecords.Open(path, new BuildRecordOptions(options.Retention, options.MaxBytes.Bytes), options.QuietTime, logger, time);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            ServerLog.RecordsNotOpened(logger, exception, path);
            return null;
        }
    }

    /// <summary>Shares records with other servers; null if they are not to be, or there are none. The caller disposes of it after them.</summary>
    /// <exception cref="StartupException">The password or the authorities can't be read.</exception>
    public static BuildSharing? Share(BuildsOptions options, BuildRecords? records, ILoggerFactory loggers, TimeProvider time)
    {
        if (records is null || options.Shared is not { Redis: { } redis } shared)
            return null;
        long backlog = Math.Min(MostBacklog, options.MaxBytes.Bytes / 8);
        var sharing = new BuildSharing(
            RedisStores.ToConnection(redis, "builds.shared.redis"), new SharingOptions(redis.KeyPrefix, shared.MaxBytes.Bytes, backlog), loggers.CreateLogger<BuildSharing>(), time);
        records.ShareBy(sharing);
        return sharing;
    }

    /// <summary>Opens the history that explains misses, has the records feed it, and shares it if they are shared; null if there are no records, or it can't be opened.</summary>
    public static MissHistory? OpenHistory(BuildsOptions options, BuildRecords? records, BuildSharing? sharing, IBlobStore cas, string dataDirectory, ILoggerFactory loggers, TimeProvider time)
    {
        if (records is null)
            return null;
        string path = Path.Combine(dataDirectory, "explain.db");
        try
        {
            MissHistory history = MissHistory.Open(path, options.MaxBytes.Bytes, cas, loggers.CreateLogger<MissHistory>(), time);
            if (sharing is not null)
                history.ShareBy(sharing);
            records.ExplainBy(history);
            return history;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            ServerLog.RecordsNotOpened(loggers.CreateLogger<MissHistory>(), exception, path);
            return null;
        }
    }
}
