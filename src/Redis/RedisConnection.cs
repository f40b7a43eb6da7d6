using StackExchange.Redis;

namespace RemoteExec.Redis;

/// <summary>
/// A Redis that comes and goes. It is connected to in the background, watched, and connected to anew when something is wrong with it; meanwhile calls fail at once instead of waiting. All
/// methods may be called concurrently. Only primaries are asked, so what was written is read. A failure is a <see cref="RedisUnavailableException"/>.
/// </summary>
public sealed class RedisConnection : IAsyncDisposable
{
    private const int FailedProbesInARow = 3;

    // A value is deleted only if it begins as the caller knows it.
    private const string DeleteIfItBegins = "if redis.call('getrange', KEYS[1], 0, #ARGV[1] - 1) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0";

    private static readonly TimeSpan probeInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan firstRetry = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan lastRetry = TimeSpan.FromSeconds(4);

    private readonly RedisConnectionOptions options;
    private readonly Action<string?> report;
    private readonly TimeProvider time;
    private readonly CancellationTokenSource stop = new();
    private readonly SemaphoreSlim doubt = new(0, 1); // released when a call failed, so that the watch looks at once
    private readonly List<Task> draining = [];
    private readonly TaskCompletionSource attempted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task watch;
    private volatile RedisSession? session;
    private volatile string problem = "not connected yet";
    private volatile bool isOutdated; // a server says that it is not the one to ask
    private int failures; // since the last probe

    /// <summary>Begins to connect, and returns at once.</summary>
    /// <param name="options">Where Redis is.</param>
    /// <param name="report">Told, one call after the other, what is wrong whenever that is something else than before; null when all is well again.</param>
    /// <param name="time">The clock.</param>
    public RedisConnection(RedisConnectionOptions options, Action<string?> report, TimeProvider time)
    {
        this.options = options;
        this.report = report;
        this.time = time;
        watch = Task.Run(WatchAsync);
    }

    /// <summary>Ends when it was tried once to connect, whether that went well or not.</summary>
    public Task Attempted => attempted.Task;

    /// <summary>The value of a key; null if there is none.</summary>
    public async Task<byte[]?> GetAsync(string key, CancellationToken cancellationToken) =>
        await RunAsync(key, database => database.StringGetAsync(key, CommandFlags.DemandMaster), cancellationToken);

    /// <summary>The first bytes of each key's value, which counts as a use of it; empty if there is none. The commands go out together.</summary>
    public async Task<byte[][]> GetHeadsAsync(IReadOnlyList<string> keys, int length, CancellationToken cancellationToken)
    {
        if (keys.Count == 0)
            return [];
        RedisValue[] heads = await RunAsync(
            null,
            database => Task.WhenAll(keys.Select(key =>
            {
                EnsureConnected(database, key);
                return database.StringGetRangeAsync(key, 0, length - 1, CommandFlags.DemandMaster);
            })),
            cancellationToken);
        return Array.ConvertAll(heads, head => (byte[]?)head ?? []);
    }

    /// <summary>Sets a key's value.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">Not changed by anybody from now on.</param>
    /// <param name="timeToLive">After which it goes; null if it stays until it is evicted.</param>
    /// <param name="cancellationToken">Gives up waiting; the value may be set all the same.</param>
    public async Task SetAsync(string key, byte[] value, TimeSpan? timeToLive, CancellationToken cancellationToken) =>
        await RunAsync(key, database => database.StringSetAsync(key, value, timeToLive, When.Always, CommandFlags.DemandMaster), cancellationToken);

    /// <summary>Deletes a key if its value begins with these bytes; true if it did.</summary>
    public async Task<bool> DeleteIfBeginsAsync(string key, byte[] head, CancellationToken cancellationToken) =>
        (long)await RunAsync(
            key, database => database.ScriptEvaluateAsync(DeleteIfItBegins, [key], [head], CommandFlags.DemandMaster | CommandFlags.NoScriptCache), cancellationToken) == 1;

    /// <summary>Runs a script, which happens as a whole, or, if the answer got lost, perhaps not at all. In a cluster its keys have one hash tag.</summary>
    /// <returns>The items of the table that the script returns: strings and whole numbers.</returns>
    public async Task<IReadOnlyList<string>> EvalAsync(string script, IReadOnlyList<string> keys, IReadOnlyList<string> values, CancellationToken cancellationToken) =>
        (string[]?)await RunAsync(
            keys[0],
            database => database.ScriptEvaluateAsync(
                script, [.. keys.Select(key => (RedisKey)key)], [.. values.Select(value => (RedisValue)value)], CommandFlags.DemandMaster | CommandFlags.NoScriptCache),
            cancellationToken) ?? [];

    /// <summary>As <see cref="EvalAsync"/>, with values and items that are bytes; the script returns strings alone.</summary>
    /// <param name="script">The script.</param>
    /// <param name="keys">Its keys.</param>
    /// <param name="values">Not changed by anybody from now on.</param>
    /// <param name="cancellationToken">Gives up waiting; the script may run all the same.</param>
    public async Task<IReadOnlyList<byte[]>> EvalBytesAsync(string script, IReadOnlyList<string> keys, IReadOnlyList<byte[]> values, CancellationToken cancellationToken) =>
        (byte[][]?)await RunAsync(
            keys[0],
            database => database.ScriptEvaluateAsync(
                script, [.. keys.Select(key => (RedisKey)key)], [.. values.Select(value => (RedisValue)value)], CommandFlags.DemandMaster | CommandFlags.NoScriptCache),
            cancellationToken) ?? [];

    /// <summary>Closes the connections. Calls under way fail.</summary>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await watch;
        stop.Dispose();
        doubt.Dispose();
    }

    private async Task<T> RunAsync<T>(string? key, Func<IDatabase, Task<T>> command, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        RedisSession current = session ?? throw new RedisUnavailableException(problem, null);
        try
        {
            if (key is not null)
                EnsureConnected(current.Database, key);
            return await command(current.Database).WaitAsync(options.OperationTimeout, time, cancellationToken);
        }
        catch (RedisUnavailableException)
        {
            Doubt(isOutdated: false);
            throw;
        }
        catch (Exception exception) when (RedisFaults.IsFault(exception) && !cancellationToken.IsCancellationRequested)
        {
            if (!RedisFaults.IsAnswer(exception))
                Doubt(RedisFaults.TellsOfChange(exception));
            string reason = exception is TimeoutException ? $"no answer within {options.OperationTimeout.TotalMilliseconds} ms" : exception.Message;
            throw new RedisUnavailableException(reason, exception) { IsFull = RedisFaults.IsFull(exception) };
        }
    }

    // The library would keep the command until the server is back.
    private static void EnsureConnected(IDatabase database, string key)
    {
        if (!database.IsConnected(key, CommandFlags.DemandMaster))
            throw new RedisUnavailableException("the server that keeps the key is not connected", null);
    }

    private void Doubt(bool isOutdated)
    {
        Interlocked.Increment(ref failures);
        if (isOutdated)
            this.isOutdated = true;
        try
        {
            if (doubt.CurrentCount == 0)
                doubt.Release();
        }
        catch (Exception exception) when (exception is SemaphoreFullException or ObjectDisposedException)
        {
            // Another call was faster, or nobody watches any more.
        }
    }

    private async Task WatchAsync()
    {
        TimeSpan retry = firstRetry;
        int failedProbes = 0;
        string? told = null;
        try
        {
            while (!stop.IsCancellationRequested)
            {
                failedProbes = Interlocked.Exchange(ref failures, 0) > 0 ? failedProbes + 1 : 0;
                string? found = session is { } current ? await DescribeAsync(current.FindProblemAsync) : problem;
                if (found is not null || isOutdated || failedProbes >= FailedProbesInARow)
                {
                    failedProbes = 0;
                    isOutdated = false;
                    found = await RenewAsync();
                }

                if (found != told)
                    report(told = found);
                attempted.TrySetResult();
                if (found is null)
                    retry = firstRetry;
                await WaitAsync(found is null ? probeInterval : retry, mayBeWoken: found is null);
                if (found is not null)
                    retry = retry < lastRetry ? 2 * retry : lastRetry;
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Disposed.
        }

        attempted.TrySetResult();
        RedisSession? last = session;
        session = null;
        problem = "closed";
        await Task.WhenAll(draining);
        if (last is not null)
            await last.DisposeAsync();
    }

    /// <summary>Puts a new session in the place of the one there; returns what is wrong with it.</summary>
    private async Task<string?> RenewAsync()
    {
        RedisSession? next = null;
        string? found = await DescribeAsync(async () => await (next = await RedisSession.ConnectAsync(options)).FindProblemAsync());
        if (next is { IsUsable: false })
        {
            await next.DisposeAsync();
            next = null;
        }

        problem = found ?? "";
        RedisSession? old = session;
        session = next;
        draining.RemoveAll(task => task.IsCompleted);
        if (old is not null)
            draining.Add(DrainAsync(old));
        return found;
    }

    /// <summary>What is wrong. Whatever the library throws while it connects or looks is told as such: the watch goes on.</summary>
    private static async Task<string?> DescribeAsync(Func<Task<string?>> find)
    {
        try
        {
            return await find();
        }
        catch (Exception exception)
        {
            return exception.Message;
        }
    }

    /// <summary>Lets calls under way end.</summary>
    private async Task DrainAsync(RedisSession old)
    {
        await Task.Delay(options.OperationTimeout, time, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await old.DisposeAsync();
    }

    private async Task WaitAsync(TimeSpan duration, bool mayBeWoken)
    {
        if (!mayBeWoken)
            await Task.Delay(duration, time, stop.Token);
        else if (await doubt.WaitAsync(0, stop.Token))
            await Task.Delay(firstRetry / 5, time, stop.Token); // many calls fail at a time
        else
            await doubt.WaitAsync(duration, stop.Token);
    }
}
