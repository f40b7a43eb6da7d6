using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;

namespace RemoteExec.Builds.Explain.Logs;

/// <summary>
/// Explains what one build ran by what another one did, both as Bazel's execution log has them: for clients that only use a cache, and leave no inputs on the server. The logs are held
/// in memory, their files never are: what text says is not compared.
/// </summary>
public static class ExecutionLogs
{
    private const string Earlier = "earlier", Later = "later";
    private const long MemoryBytes = 8L << 30;

    /// <summary>Why the later build ran what it ran, by cause; null if it ran nothing.</summary>
    /// <param name="earlier">The log of the earlier build: JSON, one object after the other.</param>
    /// <param name="later">The log of the later build.</param>
    /// <param name="workDirectory">An empty directory for what is noted meanwhile.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="InvalidDataException">A file is no such log; the message says which.</exception>
    public static async Task<BuildCauses?> CompareAsync(Stream earlier, Stream later, string workDirectory, TimeProvider time, CancellationToken cancellationToken)
    {
        IBlobStore store = new EmptyBlobStore(new MemoryStore(MemoryBytes));
        await using MissHistory history = MissHistory.Open(Path.Combine(workDirectory, "explain.db"), MemoryBytes, store, NullLogger.Instance, time);
        await ObserveAsync(history, store, earlier, Earlier, time, cancellationToken);
        await ObserveAsync(history, store, later, Later, time, cancellationToken);
        return history.CausesOf(Later);
    }

    private static async Task ObserveAsync(MissHistory history, IBlobStore store, Stream log, string build, TimeProvider time, CancellationToken cancellationToken)
    {
        const int AtOnce = 1000;
        int read = 0;
        try
        {
            await foreach (LoggedSpawn? spawn in JsonSerializer.DeserializeAsyncEnumerable(log, LoggedSpawnJson.Default.LoggedSpawn, topLevelValues: true, cancellationToken))
            {
                if (spawn is null || spawn.CommandArgs.Count == 0)
                    continue;
                Digest action = await SpawnAction.StoreAsync(store, spawn, cancellationToken);
                bool isHit = build == Later && (spawn.CacheHit || spawn.RemoteCacheHit);
                history.Observe(new Sighting(action, isHit ? SightingKind.Hit : SightingKind.Executed, time.GetUtcNow()) { Invocation = build, Target = spawn.TargetLabel, Mnemonic = spawn.Mnemonic });
                if (++read % AtOnce == 0)
                    await history.CatchUpAsync(cancellationToken); // it takes only so many at a time
            }
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"the log of the {build} build is no execution log as JSON, after {read} actions: {exception.Message} (write it with bazel build --execution_log_json_file=FILE)", exception);
        }

        await history.CatchUpAsync(cancellationToken);
    }
}
