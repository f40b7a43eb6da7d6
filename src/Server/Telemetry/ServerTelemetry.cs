using System.Reflection;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Telemetry;

/// <summary>
/// Collects what the meters of this process count, for whoever scrapes it and for whom OTLP is sent to, and the spans of calls that are sampled. Disposing sends what was not sent, for
/// some seconds if nobody takes it.
/// </summary>
internal sealed class ServerTelemetry : IDisposable
{
    private readonly MeterProvider? meters;
    private readonly TracerProvider? tracers;

    /// <summary>Begins to collect.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="service">What this process is, as <c>service.name</c> says.</param>
    public ServerTelemetry(TelemetryOptions options, string service)
    {
        ResourceBuilder resource = ResourceBuilder.CreateEmpty()
            .AddService(service, serviceVersion: Version, autoGenerateServiceInstanceId: false, serviceInstanceId: $"{Environment.MachineName}:{Environment.ProcessId}")
            .AddEnvironmentVariableDetector();
        var otlp = new OtlpTarget(options.Otlp);
        if (options.Metrics)
            (meters, Metrics) = StartMetering(resource, options, otlp);
        if (options.Traces.Ratio > 0)
            tracers = StartTracing(resource, options.Traces.Ratio, otlp);
    }

    /// <summary>The version of the program.</summary>
    public static string Version { get; } = typeof(ServerTelemetry).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";

    /// <summary>Where Prometheus scrapes; null if nothing is counted.</summary>
    public MetricsEndpoint? Metrics { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        tracers?.Dispose();
        meters?.Dispose();
    }

    private static (MeterProvider Meters, MetricsEndpoint Endpoint) StartMetering(ResourceBuilder resource, TelemetryOptions options, OtlpTarget otlp)
    {
        var exporter = new PrometheusExporter();
        MeterProviderBuilder builder = Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(resource)
            .AddMeter("RemoteExec.*", "Microsoft.AspNetCore.Server.Kestrel", "System.Net.Http", "System.Runtime")
            .AddView(MetricViews.Of)
            .SetExemplarFilter(options.Traces.Ratio > 0 ? ExemplarFilterType.TraceBased : ExemplarFilterType.AlwaysOff)
            .AddReader(new BaseExportingMetricReader(exporter));
        if (otlp.TakesMetrics)
            builder.AddOtlpExporter(options => otlp.Configure(options, "v1/metrics"));
        return (builder.Build(), new MetricsEndpoint(exporter));
    }

    private static TracerProvider StartTracing(ResourceBuilder resource, double ratio, OtlpTarget otlp)
    {
        TracerProviderBuilder builder = Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(resource)
            .AddSource("RemoteExec.*")
            .SetSampler(new ParentBasedSampler(new TraceIdRatioBasedSampler(ratio)));
        if (otlp.TakesTraces)
            builder.AddOtlpExporter(options => otlp.Configure(options, "v1/traces"));
        return builder.Build();
    }
}
