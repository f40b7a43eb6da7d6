using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using RemoteExec.Server.Telemetry;

namespace RemoteExec.Server.Tests.Telemetry;

/// <summary>What the SDK has aggregated, as Prometheus is told it.</summary>
public sealed class PrometheusExporterTests : IDisposable
{
    private readonly Meter meter = new($"test-{Guid.NewGuid():N}");
    private readonly PrometheusExporter exporter = new();
    private readonly MeterProvider provider;

    public PrometheusExporterTests() => provider = Sdk.CreateMeterProviderBuilder()
        .SetResourceBuilder(ResourceBuilder.CreateEmpty().AddAttributes([new("service.name", "test"), new("note", "a \"quoted\"\nline\\")]))
        .AddMeter(meter.Name)
        .AddView(instrument => instrument is Histogram<double> ? new ExplicitBucketHistogramConfiguration { Boundaries = [0.5, 1, 10] } : null)
        .SetExemplarFilter(ExemplarFilterType.TraceBased)
        .AddReader(new BaseExportingMetricReader(exporter))
        .Build();

    public void Dispose()
    {
        provider.Dispose();
        meter.Dispose();
    }

    private string Scrape(PrometheusFormat format = PrometheusFormat.Text) => Encoding.UTF8.GetString(exporter.Scrape(format).Span);

    private const string Target = """
        # TYPE target_info gauge
        # HELP target_info What is measured.
        target_info{service_name="test",note="a \"quoted\"\nline\\"} 1

        """;

    [Fact]
    public void Each_kind_of_instrument_has_its_samples()
    {
        meter.CreateCounter<long>("a.blobs", "{blob}", "Blobs \\ of\n\"all\" kinds.").Add(3, new KeyValuePair<string, object?>("store.name", "one"), new("full", true));
        meter.CreateCounter<double>("b.time", "s", "Time.").Add(0.25);
        meter.CreateUpDownCounter<int>("c.open", "{call}", "Open.").Add(-2);
        meter.CreateObservableGauge("d.share", () => 0.1, "1", "A share.");
        meter.CreateObservableGauge("e.size", () => 7L, "By", "A size.");
        Histogram<double> histogram = meter.CreateHistogram<double>("f.took", "s", "How long.");
        foreach (double value in (double[])[0.1, 0.5, 3, 100])
            histogram.Record(value, new KeyValuePair<string, object?>("end", "ok"));

        Assert.Equal(
            """
            # TYPE a_blobs_total counter
            # HELP a_blobs_total Blobs \\ of\n"all" kinds.
            a_blobs_total{full="true",store_name="one"} 3
            # TYPE b_time_seconds_total counter
            # HELP b_time_seconds_total Time.
            b_time_seconds_total 0.25
            # TYPE c_open gauge
            # HELP c_open Open.
            c_open -2
            # TYPE d_share_ratio gauge
            # HELP d_share_ratio A share.
            d_share_ratio 0.1
            # TYPE e_size_bytes gauge
            # HELP e_size_bytes A size.
            e_size_bytes 7
            # TYPE f_took_seconds histogram
            # HELP f_took_seconds How long.
            f_took_seconds_bucket{end="ok",le="0.5"} 2
            f_took_seconds_bucket{end="ok",le="1.0"} 2
            f_took_seconds_bucket{end="ok",le="10.0"} 3
            f_took_seconds_bucket{end="ok",le="+Inf"} 4
            f_took_seconds_sum{end="ok"} 103.6
            f_took_seconds_count{end="ok"} 4

            """ + Target,
            Scrape());
    }

    [Fact]
    public void OpenMetrics_calls_counters_by_their_family_tells_units_and_ends()
    {
        meter.CreateCounter<long>("a.io", "By", "What \"was\" read.").Add(3);

        Assert.Equal(
            """
            # TYPE a_io_bytes counter
            # UNIT a_io_bytes bytes
            # HELP a_io_bytes What \"was\" read.
            a_io_bytes_total 3
            # TYPE target info
            # HELP target What is measured.
            target_info{service_name="test",note="a \"quoted\"\nline\\"} 1
            # EOF

            """,
            Scrape(PrometheusFormat.OpenMetrics));
    }

    [Fact]
    public void Meters_of_the_same_name_add_to_the_same_family_and_another_type_is_left_out()
    {
        meter.CreateCounter<long>("same", "{blob}", "First.").Add(1, new KeyValuePair<string, object?>("of", "x"));
        meter.CreateCounter<long>("same", "{value}", "Second.").Add(2, new KeyValuePair<string, object?>("of", "y"));
        meter.CreateHistogram<double>("same", null, "Third.").Record(1);

        Assert.Equal("# TYPE same_total counter\n# HELP same_total First.\nsame_total{of=\"x\"} 1\nsame_total{of=\"y\"} 2\n" + Target, Scrape());
    }

    [Fact]
    public void What_is_traced_is_an_example_in_its_bucket()
    {
        Histogram<double> histogram = meter.CreateHistogram<double>("took", "s", "How long.");
        histogram.Record(0.7); // of no trace
        using var traced = new Activity("traced");
        traced.ActivityTraceFlags = ActivityTraceFlags.Recorded;
        traced.Start();

        histogram.Record(3);
        traced.Stop();

        string[] buckets = [.. Scrape(PrometheusFormat.OpenMetrics).Split('\n').Where(line => line.StartsWith("took_seconds_bucket", StringComparison.Ordinal))];
        Assert.Equal(["took_seconds_bucket{le=\"0.5\"} 0", "took_seconds_bucket{le=\"1.0\"} 1"], buckets[..2]);
        Assert.StartsWith($"took_seconds_bucket{{le=\"10.0\"}} 2 # {{trace_id=\"{traced.TraceId}\",span_id=\"{traced.SpanId}\"}} 3.0 ", buckets[2], StringComparison.Ordinal);
        double at = double.Parse(buckets[2].Split(' ')[^1], CultureInfo.InvariantCulture);
        Assert.InRange(DateTimeOffset.FromUnixTimeMilliseconds((long)(at * 1000)), traced.StartTimeUtc.AddSeconds(-1), traced.StartTimeUtc.AddMinutes(5));
        Assert.Equal("took_seconds_bucket{le=\"+Inf\"} 2", buckets[3]);
        Assert.DoesNotContain("trace_id", Scrape(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Scrapes_at_the_same_time_are_whole()
    {
        Counter<long> counter = meter.CreateCounter<long>("many", "{blob}", "Many.");
        for (int i = 0; i < 500; i++)
            counter.Add(1, new KeyValuePair<string, object?>("number", i));
        string[] expected = [Scrape(), Scrape(PrometheusFormat.OpenMetrics)];

        string[] texts = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => Task.Run(() => Scrape((PrometheusFormat)(i % 2)))));

        for (int i = 0; i < texts.Length; i++)
            Assert.Equal(expected[i % 2], texts[i]);
    }

    [Theory]
    [InlineData("", PrometheusFormat.Text)]
    [InlineData("*/*", PrometheusFormat.Text)]
    [InlineData("text/html, */*;q=0.1", PrometheusFormat.Text)]
    [InlineData("nonsense;;;q=x", PrometheusFormat.Text)]
    [InlineData("application/openmetrics-text", PrometheusFormat.OpenMetrics)]
    [InlineData("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", PrometheusFormat.OpenMetrics)]
    [InlineData("application/openmetrics-text;version=0.0.1,text/plain;version=0.0.4;q=0.5", PrometheusFormat.Text)]
    [InlineData("application/openmetrics-text;version=1.0.0;q=0.2,text/plain;version=0.0.4;q=0.5", PrometheusFormat.Text)]
    [InlineData("application/openmetrics-text;q=0", PrometheusFormat.Text)]
    internal void A_scraper_gets_the_format_that_it_likes_best(string accept, PrometheusFormat format) => Assert.Equal(format, PrometheusFormats.OfAccept(accept));
}
