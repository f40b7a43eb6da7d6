using System.Threading.Channels;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using RemoteExec.Builds.Explain.History;
using RemoteExec.Builds.Sharing;
using RemoteExec.Builds.Storage;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Sharing;

namespace RemoteExec.Builds.Explain;

/// <summary>
/// Which actions clients asked for, and why those missed that did. What is observed is worked off in the background; everything else may be called from any thread.
/// </summary>
public sealed class MissHistory : IAsyncDisposable
{
    private const int MostWaiting = 50_000;
    private const int BatchSize = 64;
    private const int PruneEvery = 20_000;
    private const int RestFor = 3; // times as long as it worked: to explain a miss takes longer than to answer it, and a build may miss thousands at a time
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(3);

    private readonly Channel<Entry> channel = Channel.CreateBounded<Entry>(new BoundedChannelOptions(MostWaiting) { SingleReader = true });
    private readonly CancellationTokenSource stop = new();
    private readonly SemaphoreSlim hurry = new(0);
    private readonly BuildDatabase database;
    private readonly IBlobStore cas;
    private readonly ILogger logger;
    private readonly TimeProvider time;
    private readonly MissExplainer explainer;
    private readonly HistoryLimits limits;
    private readonly Task work;
    private SharedHistory? shared; // what other servers are told of, and tell
    private ISharingLink? link;
    private long dropped;
    private int handled;
    private int awaited; // how many wait for all that was observed before

    private MissHistory(BuildDatabase database, IBlobStore cas, HistoryLimits limits, ILogger logger, TimeProvider time)
    {
        (this.database, this.cas, this.limits, this.logger, this.time) = (database, cas, limits, logger, time);
        explainer = new MissExplainer(database, cas, limits, time);
        work = Task.Run(WorkAsync);
    }

    /// <summary>How many sightings were not looked at, as too many waited.</summary>
    public long Dropped => Interlocked.Read(ref dropped);

    /// <summary>How many sightings wait.</summary>
    public int Waiting => channel.Reader.Count;

    /// <summary>Opens a history, or begins one.</summary>
    /// <param name="path">The file it lies in.</param>
    /// <param name="maxBytes">About how long the file may get: beyond that, what was not asked for longest is forgotten.</param>
    /// <param name="cas">Where actions and their inputs are.</param>
    /// <param name="logger">Told of what goes wrong.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="IOException">There can be no such file.</exception>
    public static MissHistory Open(string path, long maxBytes, IBlobStore cas, ILogger logger, TimeProvider time) => Open(path, cas, HistoryLimits.ForBytes(maxBytes), logger, time);

    /// <summary>The same, with other limits.</summary>
    internal static MissHistory Open(string path, IBlobStore cas, HistoryLimits limits, ILogger logger, TimeProvider time)
    {
        try
        {
            return new MissHistory(BuildDatabase.Open(path, [HistorySchema.Tables, SharingTables.Schema], DatabasePages.Short, logger), cas, limits, logger, time);
        }
        catch (SqliteException exception)
        {
            throw new IOException(exception.Message, exception);
        }
    }

    /// <summary>Shares what is learned with other servers, from now on, in the background. The caller keeps it, and disposes of it after this.</summary>
    public void ShareBy(BuildSharing others)
    {
        SharingLedger<HistoryBatch> ledger = others.Begin<HistoryBatch>();
        explainer.Shared = shared = new SharedHistory(ledger, others.Counts);
        link = others.Link("explain", ledger, HistoryBatch.Parser, database, TakeInAsync);
    }

    /// <summary>Takes note of what a client asked for; never waits and never fails. What does not fit is counted and dropped.</summary>
    public void Observe(Sighting sighting)
    {
        if (!channel.Writer.TryWrite(new Entry { Sighting = sighting }))
            Interlocked.Increment(ref dropped);
    }

    /// <summary>Waits until all that was observed before is worked off.</summary>
    public Task CatchUpAsync(CancellationToken cancellationToken) => MarkAsync(prune: false, cancellationToken);

    /// <summary>The same, and what is over the limits is forgotten, as it is now and then anyway.</summary>
    internal Task PruneAsync(CancellationToken cancellationToken) => MarkAsync(prune: true, cancellationToken);

    /// <summary>Why an action missed when it missed last; null if it is not known that it did.</summary>
    /// <param name="instance">Its instance.</param>
    /// <param name="hash">Its hash.</param>
    public Explanation? Explain(InstanceName instance, ReadOnlySpan<byte> hash)
    {
        using SqliteConnection reader = database.OpenReader();
        using var statements = new Statements(reader);
        return new MissTable(statements).Latest(instance, hash);
    }

    /// <summary>Why a build missed what it missed; null if it is not known that it missed anything.</summary>
    /// <param name="build">The build, as its client calls it.</param>
    public BuildCauses? CausesOf(string build)
    {
        using SqliteConnection reader = database.OpenReader();
        using var statements = new Statements(reader);
        return new MissTable(statements).OfBuild(build);
    }

    /// <summary>Compares two actions, of which the history or the CAS still has enough; what is missing is named.</summary>
    /// <exception cref="CasException">Storage failed.</exception>
    public async Task<Explanation> CompareAsync(Digest before, Digest after, CancellationToken cancellationToken)
    {
        ActionContent old = await LoadAsync(before, cancellationToken), current = await LoadAsync(after, cancellationToken);
        ActionComparison difference = await new ActionComparer(cas, new ComparisonLimits(), time).CompareAsync(old, current, cancellationToken);
        IReadOnlyList<Cause> causes = CauseFinder.Find(old, current, difference);
        return new Explanation
        {
            Action = after.ToArgument(),
            Instance = after.Instance.Value,
            Cause = causes[0],
            Others = [.. causes.Skip(1)],
            Earlier = new EarlierAction(before.ToArgument(), "", null),
            Difference = difference,
            Confidence = causes[0].Kind == CauseKind.NotComparable ? ExplanationConfidence.None
                : difference.NotCompared.Count > 0 || difference.HasMoreInputs ? ExplanationConfidence.Partial : ExplanationConfidence.Complete,
        };
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (link is not null)
            await link.StopAsync();
        channel.Writer.TryComplete();
        Interlocked.Increment(ref awaited);
        hurry.Release();
        stop.CancelAfter(patience); // what is not worked off by then is not explained
        await work;
        stop.Dispose();
        hurry.Dispose();
        if (link is not null)
            await link.DisposeAsync();
        database.Dispose();
    }

    // Each batch takes in what has arrived: one with nothing of its own will do.
    private Task TakeInAsync(CancellationToken cancellationToken)
    {
        channel.Writer.TryWrite(default);
        return Task.CompletedTask;
    }

    private async Task MarkAsync(bool prune, CancellationToken cancellationToken)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Interlocked.Increment(ref awaited);
        try
        {
            hurry.Release();
            if (await channel.Writer.WaitToWriteAsync(cancellationToken))
            {
                await channel.Writer.WriteAsync(new Entry { Reached = reached, IsPrune = prune }, cancellationToken);
                await reached.Task.WaitAsync(cancellationToken);
            }
        }
        finally
        {
            Interlocked.Decrement(ref awaited);
        }
    }

    private async Task<ActionContent> LoadAsync(Digest digest, CancellationToken cancellationToken)
    {
        ActionContent stored = await ActionContent.LoadAsync(cas, digest, cancellationToken);
        if (stored.Command is not null)
            return stored;
        using SqliteConnection reader = database.OpenReader();
        using var statements = new Statements(reader);
        return new HistoryReader(statements).Find(digest)?.Content ?? stored;
    }

    private async Task WorkAsync()
    {
        List<Entry> batch = new(BatchSize);
        while (await channel.Reader.WaitToReadAsync(CancellationToken.None))
        {
            while (batch.Count < BatchSize && channel.Reader.TryRead(out Entry next))
                batch.Add(next);
            long began = time.GetTimestamp();
            if (!stop.IsCancellationRequested)
                await HandleAsync(batch);
            foreach (Entry entry in batch)
                entry.Reached?.TrySetResult();
            batch.Clear();
            await RestAsync(time.GetElapsedTime(began));
        }
    }

    // The calls come first, so much more of the processor is theirs. Not while somebody waits to be told.
    private async ValueTask RestAsync(TimeSpan worked)
    {
        using var rest = new CancellationTokenSource(worked * RestFor, time);
        while (Volatile.Read(ref awaited) == 0 && !rest.IsCancellationRequested)
            await hurry.WaitAsync(rest.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    // Each batch is one transaction: a crash costs the last of them.
    private async Task HandleAsync(List<Entry> batch)
    {
        try
        {
            using var transaction = WriteTransaction.Begin(database.Writer);
            handled += shared?.TakeIn(database, limits, time.GetUtcNow()) ?? 0;
            foreach (Sighting sighting in batch.Select(entry => entry.Sighting).OfType<Sighting>())
                await HandleAsync(sighting);
            if ((handled += batch.Count) >= PruneEvery || batch.Any(entry => entry.IsPrune))
            {
                handled = 0;
                explainer.Prune();
            }

            shared?.Write(database.Writer, time.GetUtcNow());
            transaction.Commit();
        }
        catch (SqliteException exception) when (BuildDatabase.IsDamage(exception))
        {
            BeginAnew(exception);
        }
        catch (Exception exception) when (exception is SqliteException or InvalidDataException or System.Text.Json.JsonException)
        {
            BuildsLog.HistoryFailed(logger, exception);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The server stops: what is not worked off is lost, as in a crash.
        }
    }

    private void BeginAnew(SqliteException damage)
    {
        try
        {
            database.BeginAnew(damage);
            shared?.Reset();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            BuildsLog.HistoryFailed(logger, exception); // it is tried again with the next batch
        }
    }

    private async Task HandleAsync(Sighting sighting)
    {
        try
        {
            await explainer.HandleAsync(sighting, stop.Token);
        }
        catch (CasException exception)
        {
            BuildsLog.ActionNotExplained(logger, exception, sighting.Action);
        }
        catch (Exception exception) when (exception is not (SqliteException or OperationCanceledException))
        {
            BuildsLog.ActionNotUnderstood(logger, exception, sighting.Action); // what clients send must not end the work for all others
        }
    }

    private readonly record struct Entry
    {
        public Sighting? Sighting { get; init; }

        public TaskCompletionSource? Reached { get; init; }

        public bool IsPrune { get; init; }
    }
}
