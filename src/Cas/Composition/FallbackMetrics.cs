using System.Diagnostics.Metrics;

namespace RemoteExec.Cas.Composition;

/// <summary>What stores that are out of reach cost.</summary>
internal static class FallbackMetrics
{
    private static readonly Meter meter = new("RemoteExec.Cas");
    private static readonly UpDownCounter<long> owed = meter.CreateUpDownCounter<long>("remoteexec.fallback.owed", "{value}", "Values written while the first store was out of reach, and not yet brought to it.");
    private static readonly Counter<long> dropped = meter.CreateCounter<long>("remoteexec.results.dropped", "{value}", "Action results that were not kept, since their store was out of reach.");

    /// <summary>Values that are owed became more, or less.</summary>
    public static void ChangeOwed(int by) => owed.Add(by);

    /// <summary>A value was not kept.</summary>
    public static void CountDropped() => dropped.Add(1);
}
