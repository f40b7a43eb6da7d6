using System.Diagnostics.Metrics;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Protocol.Operators;

namespace RemoteExec.Execution.Operators;

/// <summary>What the scheduler counts. Meter <c>RemoteExec.Execution</c>. Gauges are of one moment within the last second, by platform as actions ask for it or as workers offer it.</summary>
internal sealed class ExecutionMetrics : IDisposable
{
    private const int MostPlatforms = 50;
    private static readonly TimeSpan freshness = TimeSpan.FromSeconds(1);

    private readonly Func<ListQueuesResponse> look;
    private readonly TimeProvider time;
    private readonly Counter<long> operations;
    private readonly Counter<long> attempts;
    private readonly Counter<long> lostWorkers;
    private readonly Counter<long> quarantines;
    private readonly Histogram<double> queueTime;
    private readonly Histogram<double> runTime;
    private readonly Lock gate = new(); // guards what follows
    private readonly PlatformLabels asked = new(MostPlatforms);
    private readonly PlatformLabels offered = new(MostPlatforms);
    private ListQueuesResponse? view;
    private long viewedAt;

    /// <summary>Makes the instruments; disposing ends them.</summary>
    /// <param name="look">Looks at queues and workers; called by whoever collects.</param>
    /// <param name="time">The clock.</param>
    public ExecutionMetrics(Func<ListQueuesResponse> look, TimeProvider time)
    {
        this.look = look;
        this.time = time;
        operations = Meter.CreateCounter<long>("remoteexec.operations.done", "{operation}", "Operations that have ended, by outcome.");
        attempts = Meter.CreateCounter<long>("remoteexec.attempts", "{attempt}", "Attempts to run an action that are over, by what came of them.");
        lostWorkers = Meter.CreateCounter<long>("remoteexec.workers.lost", "{worker}", "Workers that were not heard of in time.");
        quarantines = Meter.CreateCounter<long>("remoteexec.workers.quarantined", "{worker}", "Workers that got nothing for a while because attempts failed on them.");
        queueTime = Meter.CreateHistogram<double>("remoteexec.queue.time", "s", "How long actions waited for a worker, each time they were queued.");
        runTime = Meter.CreateHistogram<double>("remoteexec.run.time", "s", "How long attempts took, from the lease to the worker's word that it is over.");
        Meter.CreateObservableGauge("remoteexec.queue.depth", () => OfQueues(queue => queue.Queued, Enumerable.Sum), "{action}", "Actions that wait, by the platform asked for.");
        Meter.CreateObservableGauge("remoteexec.queue.running", () => OfQueues(queue => queue.Running, Enumerable.Sum), "{action}", "Actions that run, by the platform asked for.");
        Meter.CreateObservableGauge("remoteexec.queue.age", () => OfQueues(queue => queue.Oldest?.ToTimeSpan().TotalSeconds ?? 0, Enumerable.Max), "s", "How long the oldest action has waited, by the platform asked for.");
        Meter.CreateObservableGauge("remoteexec.workers", () => OfPools(pool => pool.Workers), "{worker}", "Workers in service, by the platform offered.");
        Meter.CreateObservableGauge("remoteexec.slots", () => OfPools(pool => pool.Slots), "{slot}", "Slots of workers in service, by the platform offered.");
        Meter.CreateObservableGauge("remoteexec.slots.idle", () => OfPools(pool => pool.IdleSlots), "{slot}", "Slots that would take something, by the platform offered.");
    }

    /// <summary>What the instruments are of.</summary>
    public Meter Meter { get; } = new("RemoteExec.Execution");

    /// <summary>Counts what the scheduler wants done.</summary>
    public void Count(SchedulerEffect effect)
    {
        switch (effect)
        {
            case SchedulerEffect.Publish { State.Outcome: { } outcome }:
                operations.Add(1, new KeyValuePair<string, object?>("outcome", OutcomeName.Of(outcome)));
                break;
            case SchedulerEffect.RunStarted started:
                queueTime.Record(started.Waited.TotalSeconds);
                break;
            case SchedulerEffect.RunEnded ended:
                var result = new KeyValuePair<string, object?>("result", ended.Result);
                attempts.Add(1, result);
                runTime.Record(ended.Took.TotalSeconds, result);
                break;
            case SchedulerEffect.WorkerLeft { IsLost: true }:
                lostWorkers.Add(1);
                break;
            case SchedulerEffect.WorkerQuarantined:
                quarantines.Add(1);
                break;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Meter.Dispose();

    private IEnumerable<Measurement<T>> OfQueues<T>(Func<QueueInfo, T> value, Func<IEnumerable<T>, T> together)
        where T : struct =>
        Measure(asked, () => View().Queues.GroupBy(queue => asked.Of(queue.Platform), value), together);

    private IEnumerable<Measurement<int>> OfPools(Func<PoolInfo, int> value) =>
        Measure(offered, () => View().Pools.GroupBy(pool => offered.Of(pool.Platform), value), Enumerable.Sum);

    // Of platforms of which there is nothing any more nothing is told as zero: whoever collects would take what was told last for what is.
    private Measurement<T>[] Measure<T>(PlatformLabels labels, Func<IEnumerable<IGrouping<string, T>>> values, Func<IEnumerable<T>, T> together)
        where T : struct
    {
        lock (gate)
        {
            Dictionary<string, T> present = values().ToDictionary(group => group.Key, together.Invoke);
            return [.. labels.Given.Select(name => new Measurement<T>(present.GetValueOrDefault(name), new KeyValuePair<string, object?>("platform", name)))];
        }
    }

    // One view for all instruments that are collected together.
    private ListQueuesResponse View()
    {
        if (view is null || time.GetElapsedTime(viewedAt) >= freshness)
        {
            view = look();
            viewedAt = time.GetTimestamp();
        }

        return view;
    }
}
