using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace RemoteExec.Server.Telemetry;

/// <summary>
/// Gives out what the SDK has aggregated when somebody scrapes it, as text. Of instruments whose names are the same for Prometheus the first decides of which type they are; those of
/// another are left out. May be called concurrently; one scrape is made at a time.
/// </summary>
[ExportModes(ExportModes.Pull)]
internal sealed class PrometheusExporter : BaseExporter<Metric>, IPullMetricExporter
{
    private readonly Lock gate = new(); // guards what follows
    private PrometheusText? target;
    private int lastSize;

    /// <summary>Collects; the reader that this is the exporter of sets it.</summary>
    public Func<int, bool>? Collect { get; set; }

    /// <summary>Collects everything, and writes it.</summary>
    public ReadOnlyMemory<byte> Scrape(PrometheusFormat format)
    {
        lock (gate)
        {
            var text = new PrometheusText(format, lastSize + (lastSize / 8));
            target = text;
            Collect!(Timeout.Infinite);
            target = null;
            text.WriteTarget(ParentProvider.GetResource().Attributes);
            text.End();
            lastSize = text.Written.Length;
            return text.Written;
        }
    }

    /// <inheritdoc/>
    public override ExportResult Export(in Batch<Metric> batch)
    {
        if (target is not { } text)
            return ExportResult.Failure; // nobody has asked
        var metrics = new List<(MetricFamily Family, Metric Metric)>();
        foreach (Metric metric in batch)
            metrics.Add((MetricFamily.Of(metric), metric));
        foreach (var same in metrics.GroupBy(pair => pair.Family.Name).OrderBy(same => same.Key, StringComparer.Ordinal))
        {
            (MetricFamily family, Metric first) = same.First();
            text.Begin(family, first.Description);
            foreach ((MetricFamily other, Metric metric) in same)
            {
                if (other.Type == family.Type)
                    Write(text, family, metric);
            }
        }

        return ExportResult.Success;
    }

    private static void Write(PrometheusText text, MetricFamily family, Metric metric)
    {
        foreach (ref readonly MetricPoint point in metric.GetMetricPoints())
        {
            if (family.Type == "histogram")
            {
                WriteHistogram(text, family.Name, in point);
                continue;
            }

            BeginSample(text, family.SampleName, "", in point);
            bool isLong = metric.MetricType is MetricType.LongSum or MetricType.LongSumNonMonotonic or MetricType.LongGauge;
            switch (metric.MetricType)
            {
                case MetricType.LongSum or MetricType.LongSumNonMonotonic:
                    text.EndSample(point.GetSumLong());
                    break;
                case MetricType.DoubleSum or MetricType.DoubleSumNonMonotonic:
                    text.EndSample(point.GetSumDouble());
                    break;
                case MetricType.LongGauge:
                    text.EndSample(point.GetGaugeLastValueLong());
                    break;
                default:
                    text.EndSample(point.GetGaugeLastValueDouble());
                    break;
            }

            if (family.Type == "counter")
                WriteExemplar(text, in point, isLong, double.NegativeInfinity, double.PositiveInfinity);
            text.EndLine();
        }
    }

    private static void WriteHistogram(PrometheusText text, string name, in MetricPoint point)
    {
        long below = 0;
        double lower = double.NegativeInfinity;
        foreach (HistogramBucket bucket in point.GetHistogramBuckets())
        {
            below += bucket.BucketCount;
            BeginSample(text, name, "_bucket", in point);
            text.Label("le", PrometheusText.ToText(bucket.ExplicitBound));
            text.EndSample(below);
            WriteExemplar(text, in point, isLong: false, lower, bucket.ExplicitBound);
            text.EndLine();
            lower = bucket.ExplicitBound;
        }

        BeginSample(text, name, "_sum", in point);
        text.EndSample(point.GetHistogramSum());
        text.EndLine();
        BeginSample(text, name, "_count", in point);
        text.EndSample(point.GetHistogramCount());
        text.EndLine();
    }

    private static void BeginSample(PrometheusText text, string name, string suffix, in MetricPoint point)
    {
        text.BeginSample(name, suffix);
        foreach ((string key, object? value) in point.Tags)
            text.Label(key, value);
    }

    // One of those between the bounds: bounds belong to the bucket below them.
    private static void WriteExemplar(PrometheusText text, in MetricPoint point, bool isLong, double lower, double upper)
    {
        if (text.Format != PrometheusFormat.OpenMetrics || !point.TryGetExemplars(out ReadOnlyExemplarCollection exemplars))
            return;
        foreach (ref readonly Exemplar exemplar in exemplars)
        {
            double value = isLong ? exemplar.LongValue : exemplar.DoubleValue;
            if (exemplar.TraceId == default || value <= lower || value > upper)
                continue;
            text.WriteExemplar(exemplar.TraceId, exemplar.SpanId, value, exemplar.Timestamp);
            return;
        }
    }
}
