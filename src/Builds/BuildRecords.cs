using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using RemoteExec.Builds.Calls;
using RemoteExec.Builds.Events;
using RemoteExec.Builds.Explain;
using RemoteExec.Builds.Records;
using RemoteExec.Builds.Sharing;
using RemoteExec.Builds.Storage;
using RemoteExec.Cas.Builds;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Sharing;

namespace RemoteExec.Builds;

/// <summary>
/// What builds did, as their calls tell: written down in the background, and there to be read. What was told before something is asked is in the answer. May be used concurrently;
/// disposing writes what is left.
/// </summary>
public sealed class BuildRecords : IAsyncDisposable
{
    private const int MostTargets = 1000;
    private const int MostFailedActions = 100;
    private const long MillisecondsInHour = 3_600_000;

    private readonly CallBuffer buffer;
    private readonly BuildDatabase database;
    private readonly CallPump pump;
    private readonly TimeSpan quietTime;
    private readonly TimeProvider time;
    private readonly SightingSink sightings = new();
    private readonly BuildRecorder recorder;
    private BuildSharing? sharing;
    private ISharingLink? link;

    private BuildRecords(string path, BuildRecordOptions options, TimeSpan quietTime, ILogger logger, TimeProvider time)
    {
        this.quietTime = quietTime;
        this.time = time;
        buffer = new CallBuffer(time);
        database = BuildDatabase.Open(path, [RecordTables.Schema, EventTables.Schema, SharingTables.Schema], logger);
        recorder = new BuildRecorder(options, name => BuildReader.Restore(database.Writer, name));
        pump = new CallPump(buffer, database, [recorder, sightings], logger, time);
        EventTables.Begin(database.Writer);
        Events = new BuildEvents(database, options.Events, logger, time);
    }

    /// <summary>Who takes what clients tell of builds themselves. Ends with this.</summary>
    public BuildEvents Events { get; }

    /// <summary>Whom to tell of calls.</summary>
    public ICallObserver Observer => buffer;

    /// <summary>How many calls are in no build, because there were too many at a time.</summary>
    public long DroppedCalls => buffer.Dropped;

    /// <summary>How many actions were not looked at to explain misses, because too many waited.</summary>
    public long DroppedSightings => sightings.History?.Dropped ?? 0;

    /// <summary>How many actions wait to be looked at to explain misses.</summary>
    public int WaitingSightings => sightings.History?.Waiting ?? 0;

    /// <summary>Opens the file, or makes it.</summary>
    /// <param name="path">Where it lies.</param>
    /// <param name="options">How much is kept.</param>
    /// <param name="quietTime">After how long without a call a build is over.</param>
    /// <param name="logger">For what can't be written.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="IOException">There can be no such file.</exception>
    public static BuildRecords Open(string path, BuildRecordOptions options, TimeSpan quietTime, ILogger logger, TimeProvider time)
    {
        try
        {
            return new BuildRecords(path, options, quietTime, logger, time);
        }
        catch (SqliteException exception)
        {
            throw new IOException(exception.Message, exception);
        }
    }

    /// <summary>Writes what was told before this was called.</summary>
    public Task FlushAsync(CancellationToken cancellationToken) => pump.FlushAsync(cancellationToken);

    /// <summary>Has actions taken into a history that explains misses, from now on. The caller keeps it, and disposes of it after this.</summary>
    public void ExplainBy(MissHistory history) => sightings.History = history;

    /// <summary>How sharing with other servers goes; null if nothing is shared.</summary>
    public SharingStatus? Sharing => sharing?.Status;

    /// <summary>Shares what builds do with other servers, from now on: these are asked and told in the background. The caller keeps it, and disposes of it after this.</summary>
    public void ShareBy(BuildSharing others)
    {
        sharing = others;
        SharingLedger<BuildBatch> ledger = others.Begin<BuildBatch>();
        recorder.Shared = new SharedBuilds(ledger, others.Counts);
        link = others.Link("builds", ledger, BuildBatch.Parser, database, FlushAsync);
    }

    /// <summary>Why an action missed when it missed last; null if it is not known that it did.</summary>
    /// <param name="instance">Its instance.</param>
    /// <param name="hash">Its hash.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<Explanation?> ExplainAsync(InstanceName instance, byte[] hash, CancellationToken cancellationToken) =>
        await CatchUpAsync(cancellationToken) is { } history ? history.Explain(instance, hash) : null;

    /// <summary>Why a build missed what it missed; null if it is not known that it missed anything.</summary>
    /// <param name="id">The build's id, or what it calls itself.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<BuildCauses?> ExplainBuildAsync(string id, CancellationToken cancellationToken)
    {
        if (await CatchUpAsync(cancellationToken) is not { } history)
            return null;
        using SqliteConnection connection = database.OpenReader();
        return history.CausesOf(BuildReader.Find(connection, id)?.Name.Invocation is { Length: > 0 } name ? name : id);
    }

    /// <summary>Builds, the newest first.</summary>
    /// <exception cref="CursorException">The query's cursor is none.</exception>
    public async Task<Page<BuildSummary>> ListAsync(BuildQuery query, CancellationToken cancellationToken)
    {
        await pump.FlushAsync(cancellationToken);
        using SqliteConnection connection = database.OpenReader();
        Page<OpenBuild> page = BuildReader.List(connection, query, time.GetUtcNow(), quietTime);
        return new Page<BuildSummary>([.. page.Items.Select(build => Summarize(connection, build))], page.Next);
    }

    /// <summary>The instance that a build uses; null if there is no such build.</summary>
    /// <param name="id">Its id, or what it calls itself.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<string?> FindInstanceAsync(string id, CancellationToken cancellationToken)
    {
        await pump.FlushAsync(cancellationToken);
        using SqliteConnection connection = database.OpenReader();
        return BuildReader.Find(connection, id)?.Name.Instance;
    }

    /// <summary>A build; null if there is none.</summary>
    /// <param name="id">Its id, or what it calls itself.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<BuildDetails?> FindAsync(string id, CancellationToken cancellationToken)
    {
        await pump.FlushAsync(cancellationToken);
        using SqliteConnection connection = database.OpenReader();
        if (BuildReader.Find(connection, id) is not { } build)
            return null;
        List<ActionDelta> actions = BuildReader.Actions(connection, build);
        IReadOnlyList<SumsByName> targets = SumBy(actions, action => action.Target);
        return new BuildDetails
        {
            Build = Summarize(connection, build),
            Mnemonics = SumBy(actions, action => action.Mnemonic),
            Targets = [.. targets.Take(MostTargets)],
            TargetCount = targets.Count,
            TargetStatuses = ReportReader.CountTargets(connection, build.Name.Invocation),
            TestStatuses = ReportReader.CountTests(connection, build.Name.Invocation),
            FailedActions = ReportReader.FailedActions(connection, build.Name.Invocation, MostFailedActions),
        };
    }

    /// <summary>Actions of a build; null if there is no such build. A page of a build that goes on may repeat what the one before had.</summary>
    /// <param name="id">The build's id, or what it calls itself.</param>
    /// <param name="query">Which ones.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="CursorException">The query's cursor is none.</exception>
    public async Task<Page<ActionSummary>?> ListActionsAsync(string id, ActionQuery query, CancellationToken cancellationToken)
    {
        int place = query.After is { } after ? Cursor.ReadPlace(after) : 0;
        await pump.FlushAsync(cancellationToken);
        using SqliteConnection connection = database.OpenReader();
        if (BuildReader.Find(connection, id) is not { } build)
            return null;
        IEnumerable<ActionDelta> actions = BuildReader.Actions(connection, build).Where(action => action.Flags.ToOutcome() is { } outcome
            && (query.Outcomes.Count == 0 || query.Outcomes.Contains(outcome))
            && (query.Mnemonic is null || query.Mnemonic == action.Mnemonic)
            && (query.Target is null || query.Target == action.Target));
        actions = query.SlowestFirst ? actions.OrderByDescending(action => action.Run).ThenBy(action => action.First) : actions.OrderBy(action => action.First);
        List<ActionDelta> some = [.. actions.Skip(place).Take(query.Limit + 1)];
        return new Page<ActionSummary>([.. some.Take(query.Limit).Select(ActionSummaries.Of)], some.Count > query.Limit ? Cursor.Format(place + query.Limit) : null);
    }

    /// <summary>A build with all of its actions; null if there is none.</summary>
    internal async Task<(BuildSummary Build, IReadOnlyList<ActionDelta> Actions)?> ReadActionsAsync(string id, CancellationToken cancellationToken)
    {
        await pump.FlushAsync(cancellationToken);
        using SqliteConnection connection = database.OpenReader();
        return BuildReader.Find(connection, id) is { } build
            ? (Summarize(connection, build), [.. BuildReader.Actions(connection, build).Where(action => action.Flags.ToOutcome() is not null)])
            : null;
    }

    /// <summary>Targets of a build, as its client tells in its events; null if there is no such build.</summary>
    /// <param name="id">The build's id, or what it calls itself.</param>
    /// <param name="query">Which ones.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="CursorException">The query's cursor is none.</exception>
    public Task<Page<TargetReport>?> ListTargetsAsync(string id, ReportQuery<TargetStatus> query, CancellationToken cancellationToken) =>
        ReadReportAsync(id, (connection, invocation) => ReportReader.Targets(connection, invocation, query), cancellationToken);

    /// <summary>Tests of a build, as its client tells in its events; null if there is no such build.</summary>
    /// <param name="id">The build's id, or what it calls itself.</param>
    /// <param name="query">Which ones.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="CursorException">The query's cursor is none.</exception>
    public Task<Page<TestReport>?> ListTestsAsync(string id, ReportQuery<TestStatus> query, CancellationToken cancellationToken) =>
        ReadReportAsync(id, (connection, invocation) => ReportReader.Tests(connection, invocation, query), cancellationToken);

    /// <summary>What all actions came to, by hour or by day of UTC, the earliest first; periods without any are left out.</summary>
    /// <param name="since">From the hour of this time on.</param>
    /// <param name="byDay">True for days.</param>
    /// <param name="tool">Those of this tool; null for all.</param>
    /// <param name="instance">Those of this instance; null for all.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<IReadOnlyList<PeriodSums>> SumAsync(DateTimeOffset since, bool byDay, string? tool, string? instance, CancellationToken cancellationToken)
    {
        await pump.FlushAsync(cancellationToken);
        using SqliteConnection connection = database.OpenReader();
        var periods = new SortedDictionary<long, SumTable>();
        foreach ((HourKey hour, SumTable sums) in BuildReader.Hours(connection, since, tool, instance))
        {
            long begin = byDay ? hour.Hour / 24 * 24 : hour.Hour;
            if (!periods.TryGetValue(begin, out SumTable? period))
                periods.Add(begin, period = new SumTable());
            period.Add(sums);
        }

        return [.. periods.Select(period => new PeriodSums(DateTimeOffset.FromUnixTimeMilliseconds(period.Key * MillisecondsInHour), period.Value.ToSums()))];
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Events.DisposeAsync();
        if (link is not null)
            await link.StopAsync();
        await pump.DisposeAsync();
        if (link is not null)
            await link.DisposeAsync();
        database.Dispose();
    }

    private async Task<MissHistory?> CatchUpAsync(CancellationToken cancellationToken)
    {
        await pump.FlushAsync(cancellationToken);
        if (sightings.History is { } history)
            await history.CatchUpAsync(cancellationToken);
        return sightings.History;
    }

    private async Task<Page<T>?> ReadReportAsync<T>(string id, Func<SqliteConnection, string, Page<T>> read, CancellationToken cancellationToken)
    {
        await pump.FlushAsync(cancellationToken);
        using SqliteConnection connection = database.OpenReader();
        return BuildReader.Find(connection, id) is { } build ? read(connection, build.Name.Invocation) : null;
    }

    private static IReadOnlyList<SumsByName> SumBy(List<ActionDelta> actions, Func<ActionDelta, string> nameOf)
    {
        var sums = new Dictionary<string, SumTable>(StringComparer.Ordinal);
        foreach (ActionDelta action in actions)
        {
            string name = nameOf(action);
            if (!sums.TryGetValue(name, out SumTable? sum))
                sums.Add(name, sum = new SumTable());
            sum.Add(action);
        }

        return [.. sums.Select(pair => new SumsByName(pair.Key, pair.Value.ToSums())).OrderByDescending(pair => pair.Sums.Misses).ThenByDescending(pair => pair.Sums.Actions).ThenBy(pair => pair.Name, StringComparer.Ordinal)];
    }

    private BuildSummary Summarize(SqliteConnection connection, OpenBuild build)
    {
        DateTimeOffset now = time.GetUtcNow(), seen = DateTimeOffset.FromUnixTimeMilliseconds(build.Seen);
        BuildReport? report = ReportReader.Find(connection, build.Name.Invocation, now, quietTime);
        return new BuildSummary
        {
            Id = BuildId.Format(build.Key),
            Invocation = build.Name.Invocation,
            Instance = build.Name.Instance,
            Tool = build.Tool.Length > 0 ? build.Tool : "unknown",
            ToolVersion = build.ToolVersion,
            Correlated = build.Correlated,
            Began = DateTimeOffset.FromUnixTimeMilliseconds(build.Began),
            LastSeen = seen,
            IsOver = report is { Status: not BuildStatus.Running } || now - seen >= quietTime,
            Calls = build.Calls,
            BlobsAsked = build.Asked,
            Sums = build.Sums.ToSums(),
            Report = report,
        };
    }
}
