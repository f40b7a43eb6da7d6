using System.Diagnostics.Metrics;
using OpenTelemetry.Metrics;

namespace RemoteExec.Server.Telemetry;

/// <summary>How instruments are aggregated: which buckets histograms have, and what is not kept at all.</summary>
internal static class MetricViews
{
    // From a look-up in memory to an action that takes an hour.
    private static readonly ExplicitBucketHistogramConfiguration seconds = new()
    {
        Boundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600],
        RecordMinMax = false,
    };

    private static readonly ExplicitBucketHistogramConfiguration bytes = new()
    {
        Boundaries = [.. Enumerable.Range(0, 13).Select(step => (double)(1L << (12 + (2 * step))))], // 4 KiB to 64 GiB
        RecordMinMax = false,
    };

    /// <summary>The view of an instrument; null for what is usual.</summary>
    public static MetricStreamConfiguration? Of(Instrument instrument) => instrument switch
    {
        // It changes with each request of either protocol, and tells nothing: requests don't queue here.
        { Meter.Name: "Microsoft.AspNetCore.Server.Kestrel", Name: "kestrel.queued_requests" } => MetricStreamConfiguration.Drop,
        _ when !IsHistogram(instrument) => null,
        { Unit: "s" } => seconds,
        { Unit: "By" } => bytes,
        _ => null,
    };

    private static bool IsHistogram(Instrument instrument) =>
        instrument.GetType() is { IsGenericType: true } type && type.GetGenericTypeDefinition() == typeof(Histogram<>);
}
