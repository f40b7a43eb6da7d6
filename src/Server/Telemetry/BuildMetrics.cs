using System.Diagnostics.Metrics;
using RemoteExec.Builds;

namespace RemoteExec.Server.Telemetry;

/// <summary>How well the server keeps up with writing down what builds do. Meter <c>RemoteExec.Builds</c>; disposing ends the instruments.</summary>
internal sealed class BuildMetrics : IDisposable
{
    /// <summary>Makes the instruments.</summary>
    public BuildMetrics(BuildRecords records)
    {
        Meter.CreateObservableCounter("remoteexec.builds.dropped", () => records.DroppedCalls, "{call}", "Calls that are in no build, because there were too many at a time.");
        Meter.CreateObservableCounter("remoteexec.explain.dropped", () => records.DroppedSightings, "{action}", "Actions that were not looked at to explain misses, because too many waited.");
        Meter.CreateObservableGauge("remoteexec.explain.backlog", () => records.WaitingSightings, "{action}", "Actions that wait to be looked at to explain misses.");
        Meter.CreateObservableGauge("remoteexec.builds.shared.backlog", () => Backlog(records), "{batch}", "Batches that wait for the Redis through which builds are shared.");
        Meter.CreateObservableCounter("remoteexec.builds.shared.lost", () => Lost(records), "{batch}", "Batches that this server could not tell others, or was not told by them, by reason.");
    }

    /// <summary>What the instruments are of.</summary>
    public Meter Meter { get; } = new("RemoteExec.Builds");

    /// <inheritdoc/>
    public void Dispose() => Meter.Dispose();

    // Nothing where nothing is shared, here and below.
    private static IEnumerable<Measurement<long>> Backlog(BuildRecords records) => records.Sharing is { } sharing ? [new Measurement<long>(sharing.Waiting)] : [];

    private static IEnumerable<Measurement<long>> Lost(BuildRecords records) => records.Sharing is { } sharing
        ? [Lost(sharing.Dropped, "dropped"), Lost(sharing.Missed, "missed"), Lost(sharing.Unknown, "unknown")]
        : [];

    private static Measurement<long> Lost(long batches, string reason) => new(batches, new KeyValuePair<string, object?>("reason", reason));
}
