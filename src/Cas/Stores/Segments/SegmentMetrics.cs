using System.Diagnostics.Metrics;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>What segment stores hold and drop, told apart by their names, whenever somebody collects. Meter <c>RemoteExec.Cas</c>; disposing ends the instruments.</summary>
public sealed class SegmentMetrics : IDisposable
{
    private readonly Meter meter = new("RemoteExec.Cas");
    private readonly Lock gate = new(); // guards what follows
    private readonly List<(KeyValuePair<string, object?> Name, SegmentStore Store)> stores = [];

    /// <summary>Makes the instruments.</summary>
    public SegmentMetrics()
    {
        meter.CreateObservableGauge("remoteexec.store.size", () => Each(store => store.DiskBytes), "By", "What a store on disk has, garbage included.");
        meter.CreateObservableGauge("remoteexec.store.limit", () => Each(store => store.BoundBytes), "By", "What a store on disk may have now: its setting, or less while others fill the disk.");
        meter.CreateObservableGauge("remoteexec.store.blobs", () => Each(store => store.Blobs), "{blob}", "Blobs that a store on disk has.");
        meter.CreateObservableCounter("remoteexec.store.evicted", () => Each(store => store.EvictedBytes), "By", "What a store on disk has dropped to make room.");
        meter.CreateObservableCounter("remoteexec.store.evicted.blobs", () => Each(store => store.EvictedBlobs), "{blob}", "Blobs that a store on disk has dropped to make room.");
        meter.CreateObservableGauge("remoteexec.store.eviction.age", () => Each(store => (long?)store.EvictionAge?.TotalSeconds), "s", "How long ago the segment was written that was dropped last: what was not used for so long is gone. None before the first.");
        meter.CreateObservableGauge("remoteexec.store.kept", () => Each(store => store.KeptBytes), "By", "What was kept for builds under way when room was made last.");
        meter.CreateObservableCounter("remoteexec.store.damaged", () => Each(store => store.DamagedRecords), "{blob}", "Blobs that were found damaged on disk, and dropped.");
        meter.CreateObservableGauge("remoteexec.store.index.size", () => Each(store => store.IndexBytes), "By", "Memory that the index of a store on disk takes.");
    }

    /// <summary>Tells of a store from now on.</summary>
    /// <param name="name">What it is called.</param>
    /// <param name="store">The store; it may be closed before this is disposed.</param>
    public void Watch(string name, SegmentStore store)
    {
        lock (gate)
            stores.Add((new("store", name), store));
    }

    /// <inheritdoc/>
    public void Dispose() => meter.Dispose();

    private List<Measurement<long>> Each(Func<SegmentStoreStatistics, long?> value)
    {
        var measured = new List<Measurement<long>>();
        lock (gate)
        {
            foreach ((KeyValuePair<string, object?> name, SegmentStore store) in stores)
            {
                if (value(store.Statistics) is { } some)
                    measured.Add(new Measurement<long>(some, name));
            }
        }

        return measured;
    }
}
