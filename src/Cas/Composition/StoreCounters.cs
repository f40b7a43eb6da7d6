using System.Diagnostics.Metrics;

namespace RemoteExec.Cas.Composition;

/// <summary>What <see cref="CountedStore"/>s count, told apart by the names of the stores and by what they are for, whenever somebody collects. Meter <c>RemoteExec.Cas</c>; disposing ends the instruments.</summary>
public sealed class StoreCounters : IDisposable
{
    private readonly Meter meter = new("RemoteExec.Cas");
    private readonly Lock gate = new(); // guards what follows
    private readonly List<(string Name, string Service, CountedStore Store)> stores = [];

    /// <summary>Makes the instruments.</summary>
    public StoreCounters()
    {
        meter.CreateObservableCounter("remoteexec.store.reads", () => Each(counts => (counts.Hits, counts.Misses)), "{blob}", "Blobs that were to be read from a store, by whether it had them.");
        meter.CreateObservableCounter("remoteexec.store.checks", () => Each(counts => (counts.Present, counts.Absent)), "{blob}", "Blobs that a store was asked whether it has, by whether it had them.");
    }

    /// <summary>Tells of a store from now on.</summary>
    /// <param name="name">What it is called.</param>
    /// <param name="service">What it is for: <c>cas</c> or <c>ac</c>.</param>
    /// <param name="store">The store.</param>
    public void Watch(string name, string service, CountedStore store)
    {
        lock (gate)
            stores.Add((name, service, store));
    }

    /// <inheritdoc/>
    public void Dispose() => meter.Dispose();

    private List<Measurement<long>> Each(Func<StoreCounts, (long Hits, long Misses)> value)
    {
        var measured = new List<Measurement<long>>();
        lock (gate)
        {
            foreach ((string name, string service, CountedStore store) in stores)
            {
                (long hits, long misses) = value(store.Counts);
                measured.Add(new Measurement<long>(hits, new("store", name), new("service", service), new KeyValuePair<string, object?>("result", "hit")));
                measured.Add(new Measurement<long>(misses, new("store", name), new("service", service), new KeyValuePair<string, object?>("result", "miss")));
            }
        }

        return measured;
    }
}
