using System.Diagnostics.Metrics;

namespace RemoteExec.Cas.Composition;

/// <summary>What <see cref="MeteredStore"/>s count, told apart by the names of the stores. Meter <c>RemoteExec.Cas</c>.</summary>
public sealed class StoreMetrics : IDisposable
{
    private readonly Meter meter = new("RemoteExec.Cas");
    private readonly Histogram<double> duration;
    private readonly Counter<long> bytes;
    private readonly Counter<long> lookups;

    /// <summary>Makes the instruments; disposing ends them.</summary>
    public StoreMetrics()
    {
        duration = meter.CreateHistogram<double>("remoteexec.store.duration", "s", "How long operations of a store took: look-ups, and reads and writes from opening to end.");
        bytes = meter.CreateCounter<long>("remoteexec.store.io", "By", "What was read from a store and written to it.");
        lookups = meter.CreateCounter<long>("remoteexec.store.lookups", "{blob}", "What a store was asked for, by look-ups and reads, and had or had not.");
    }

    /// <inheritdoc/>
    public void Dispose() => meter.Dispose();

    /// <summary>An operation has ended.</summary>
    internal void Operation(string store, string operation, string outcome, TimeSpan took) =>
        duration.Record(took.TotalSeconds, new("store", store), new("operation", operation), new("outcome", outcome));

    /// <summary>Bytes have passed.</summary>
    internal void Bytes(string store, string direction, long count) => bytes.Add(count, new("store", store), new KeyValuePair<string, object?>("direction", direction));

    /// <summary>Blobs were asked for.</summary>
    internal void LookUps(string store, int hits, int misses)
    {
        if (hits > 0)
            lookups.Add(hits, new("store", store), new KeyValuePair<string, object?>("result", "hit"));
        if (misses > 0)
            lookups.Add(misses, new("store", store), new KeyValuePair<string, object?>("result", "miss"));
    }
}
