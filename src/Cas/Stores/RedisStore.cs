using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging;
using RemoteExec.Protocol;
using RemoteExec.Redis;

namespace RemoteExec.Cas.Stores;

/// <summary>
/// Keeps small values in Redis, one key for each instance, function and hash: what one server writes the others read at once. Redis evicts; a look-up counts as a use there too. While Redis
/// is out of reach every call fails at once with <see cref="StoreUnavailableException"/>, and the store heals by itself. Redis need not be there when the store is made.
/// </summary>
public sealed class RedisStore : IBlobStore, IAsyncDisposable
{
    private const int KeysAtATime = 2000; // bounds what lies in memory, here and in Redis

    private readonly RedisStoreOptions options;
    private readonly RedisConnection redis;
    private readonly DateTimeOffset opened;
    private volatile RedisStatus? told;

    /// <summary>Makes a store, and begins to connect.</summary>
    public RedisStore(RedisStoreOptions options, RedisConnectionOptions connection, ILogger<RedisStore> logger, TimeProvider time)
    {
        this.options = options;
        opened = time.GetUtcNow();
        redis = new RedisConnection(connection, Report, time);

        void Report(string? problem)
        {
            told = new RedisStatus(problem, time.GetUtcNow());
            if (problem is null)
                CasLog.RedisWell(logger, options.Name);
            else
                CasLog.RedisProblem(logger, options.Name, problem);
        }
    }

    /// <summary>Whether Redis is well.</summary>
    public RedisStatus Status => told ?? new RedisStatus(redis.Attempted.IsCompleted ? null : "it was not connected to yet", opened);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken)
    {
        OrderedDictionary<Digest, bool>? missing = null;
        foreach (Digest[] chunk in digests.Distinct().Chunk(KeysAtATime))
        {
            RedisMetrics.Count("getrange", chunk.Length);
            byte[][] heads = await RunAsync("redis getrange", () => redis.GetHeadsAsync(Array.ConvertAll(chunk, KeyOf), RedisValueHeader.Length, cancellationToken));
            for (int i = 0; i < chunk.Length; i++)
            {
                if (!RedisValueHeader.Matches(heads[i], chunk[i]))
                    (missing ??= []).TryAdd(chunk[i], true);
            }
        }

        return (IReadOnlyCollection<Digest>?)missing?.Keys ?? [];
    }

    /// <inheritdoc/>
    public async ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken)
    {
        string key = KeyOf(digest);
        RedisMetrics.Count("get", 1);
        byte[]? record = await RunAsync("redis get", () => redis.GetAsync(key, cancellationToken));
        if (record is null || !RedisValueHeader.Matches(record, digest))
            return null;
        if (!RedisValueHeader.IsWhole(record))
        {
            await DeleteAsync(key, record, cancellationToken);
            throw new BlobCorruptException(digest);
        }

        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, record.Length - RedisValueHeader.Length);
        return new RedisReader(record, (int)offset, () => DeleteAsync(key, record, CancellationToken.None));
    }

    /// <inheritdoc/>
    public ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        if (length > options.MaxValueBytes)
        {
            throw new StoreFullException(
                options.Name, length, string.Create(CultureInfo.InvariantCulture, $"it takes values of up to {options.MaxValueBytes} bytes; raise its maxValueBytes, or keep long values elsewhere"));
        }

        return ValueTask.FromResult<BlobWriter>(new RedisWriter(this, digest, (int)length));
    }

    /// <summary>Closes the connections.</summary>
    public ValueTask DisposeAsync() => redis.DisposeAsync();

    /// <summary>Sets the value of a digest; the record has room for the header before it.</summary>
    internal async Task PutAsync(Digest digest, byte[] record, CancellationToken cancellationToken)
    {
        RedisValueHeader.Write(record, digest);
        RedisMetrics.Count("set", 1);
        await RunAsync(
            "redis set",
            async () =>
            {
                await redis.SetAsync(KeyOf(digest), record, options.TimeToLive, cancellationToken);
                return true;
            },
            record.Length);
    }

    private async Task DeleteAsync(string key, byte[] record, CancellationToken cancellationToken)
    {
        RedisMetrics.Count("eval", 1);
        await RunAsync("redis eval", () => redis.DeleteIfBeginsAsync(key, record[..Math.Min(record.Length, RedisValueHeader.Length)], cancellationToken));
    }

    // The hash comes first, so that a brace in an instance name, which would choose the slot in a cluster, has to be hidden, but spreads nothing unevenly else.
    private string KeyOf(Digest digest) =>
        string.Create(CultureInfo.InvariantCulture, $"{options.KeyPrefix}{(int)digest.Function}:{digest.Hash}{(digest.Instance.IsEmpty ? "" : "/" + digest.Instance.Value.Replace("%", "%25").Replace("{", "%7B"))}");

    private async Task<T> RunAsync<T>(string name, Func<Task<T>> command, long neededBytes = 0)
    {
        using Activity? span = CasTracing.Begin(name, options.Name);
        try
        {
            return await command();
        }
        catch (RedisUnavailableException exception) when (exception.IsFull)
        {
            throw new StoreFullException(options.Name, neededBytes, "the memory of Redis is full and it does not evict; set maxmemory-policy allkeys-lru");
        }
        catch (RedisUnavailableException exception)
        {
            RedisMetrics.CountFailure();
            CasTracing.Fail(span, exception);
            throw new StoreUnavailableException(options.Name, exception);
        }
    }
}
