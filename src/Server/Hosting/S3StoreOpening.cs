using Microsoft.Extensions.Logging;
using RemoteExec.Cas;
using RemoteExec.Cas.Stores.S3;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Hosting;

/// <summary>Opens stores in buckets, and says in a sentence why one can't be.</summary>
internal static class S3StoreOpening
{
    /// <summary>Opens a store.</summary>
    /// <exception cref="StartupException">It can't be opened.</exception>
    public static async Task<S3Store> OpenAsync(S3Options options, string label, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            S3StoreOptions settings = options.ToStore(label);
            if (options.Shared?.Redis is { } redis)
                settings = settings with { Shared = new S3Sharing { Redis = RedisStores.ToConnection(redis, label), KeyPrefix = redis.KeyPrefix } };
            return await S3Store.OpenAsync(settings, loggers.CreateLogger<S3Store>(), time, cancellationToken);
        }
        catch (StoreUnavailableException exception) when (exception.InnerException is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"store '{label}' can't be opened: {IoReason.Of(exception.InnerException)} (choose another path for it)", exception);
        }
        catch (StoreUnavailableException exception)
        {
            throw new StartupException(
                $"store '{label}' can't reach the bucket '{options.Bucket}': {(exception.InnerException ?? exception).Message} (look at its endpoint, its region and the credentials; only a store that has had the prefix before starts without its bucket)", exception);
        }
        catch (CasException exception)
        {
            throw new StartupException($"store '{label}' can't be opened: {exception.Message}", exception);
        }
    }
}
