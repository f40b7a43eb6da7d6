using OpenTelemetry.Exporter;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Telemetry;

/// <summary>Where OTLP is sent: to what the settings name, or else to what OpenTelemetry's own variables do.</summary>
/// <param name="options">The settings.</param>
internal sealed class OtlpTarget(OtlpOptions options)
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>True if metrics are sent.</summary>
    public bool TakesMetrics => IsNamed("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT");

    /// <summary>True if traces are sent.</summary>
    public bool TakesTraces => IsNamed("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");

    /// <summary>Lays the settings over what the variables have made.</summary>
    /// <param name="exporter">The options of the exporter.</param>
    /// <param name="path">Where HTTP has what is sent: <c>v1/metrics</c> or <c>v1/traces</c>.</param>
    public void Configure(OtlpExporterOptions exporter, string path)
    {
        if (options.Endpoint is not { } endpoint)
            return;
        bool isHttp = options.Protocol == OtlpProtocol.Http;
        exporter.Protocol = isHttp ? OtlpExportProtocol.HttpProtobuf : OtlpExportProtocol.Grpc;
        exporter.Endpoint = isHttp ? new Uri($"{endpoint.TrimEnd('/')}/{path}") : new Uri(endpoint);
    }

    private bool IsNamed(string variable) =>
        options.Endpoint is not null || Environment.GetEnvironmentVariable(Endpoint) is { Length: > 0 } || Environment.GetEnvironmentVariable(variable) is { Length: > 0 };
}
