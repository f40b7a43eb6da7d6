using Google.Protobuf.WellKnownTypes;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Protocol.Operators;

namespace RemoteExec.Execution.Operators;

/// <summary>Queues as operators see them.</summary>
internal static class QueueViews
{
    /// <summary>A queue, without its builds.</summary>
    /// <param name="queue">The queue.</param>
    /// <param name="pools">The workers that are connected.</param>
    /// <param name="time">Now.</param>
    public static QueueInfo Of(PlatformQueue queue, IReadOnlyDictionary<WorkerGroup, PoolInfo> pools, DateTimeOffset time)
    {
        var view = new QueueInfo
        {
            Platform = { PoolViews.PropertiesOf(queue.Platform) },
            Queued = queue.Waiting,
            Running = queue.Running,
        };
        if (queue.Oldest is { } oldest)
            view.Oldest = Duration.FromTimeSpan(time > oldest.EnqueuedAt ? time - oldest.EnqueuedAt : TimeSpan.Zero);
        foreach (WorkerGroup group in queue.Groups)
        {
            if (!pools.TryGetValue(group, out PoolInfo? pool))
                continue;
            view.Workers += pool.Workers;
            view.Slots += pool.Slots;
            view.IdleSlots += pool.IdleSlots;
        }

        return view;
    }

    /// <summary>Adds the builds that have most in a queue.</summary>
    /// <param name="view">The queue's view.</param>
    /// <param name="queue">The queue.</param>
    /// <param name="running">What runs, by queue and build.</param>
    /// <param name="most">How many builds.</param>
    public static void AddBuilds(QueueInfo view, PlatformQueue queue, IReadOnlyDictionary<(PlatformQueue Queue, FairShare Build), int> running, int most)
    {
        Dictionary<FairShare, BuildInfo> builds = [];
        foreach (FairPlace place in queue.Root.Below.SelectMany(tenant => tenant.Below).SelectMany(some => some.Below))
            builds[place.Share] = ToView(place.Share, place.Waiting.Count + place.Retrying.Count);
        foreach (((PlatformQueue _, FairShare build), int count) in running.Where(entry => entry.Key.Queue == queue))
        {
            if (!builds.TryGetValue(build, out BuildInfo? known))
                builds.Add(build, known = ToView(build, queued: 0));
            known.Running = count;
        }

        view.Builds.AddRange(builds.Values.OrderByDescending(build => build.Queued + build.Running).ThenBy(build => build.Build, StringComparer.Ordinal).Take(most));
        view.OtherBuilds = builds.Count - view.Builds.Count;
    }

    private static BuildInfo ToView(FairShare build, int queued) => new()
    {
        Build = build.Name,
        BuildClass = build.Parent!.Name,
        Tenant = build.Parent.Parent!.Name,
        Queued = queued,
    };
}
