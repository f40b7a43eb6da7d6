namespace RemoteExec.Server.Configuration;

/// <summary>
/// A collector of OpenTelemetry that metrics are sent to every minute, and traces as they come. Without an endpoint the variables `OTEL_EXPORTER_OTLP_ENDPOINT` and its kin say where, and
/// without them nothing is sent. `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_METRIC_EXPORT_INTERVAL` and `OTEL_RESOURCE_ATTRIBUTES` hold in any case.
/// </summary>
internal sealed record OtlpOptions : IOptions
{
    /// <summary>Its address, `http://host:4317` for gRPC or `http://host:4318` for HTTP, with `https` for TLS.</summary>
    public string? Endpoint { get; init; }

    /// <summary>What it is spoken to in: `grpc` or `http`, which is protobuf over HTTP.</summary>
    public OtlpProtocol Protocol { get; init; } = OtlpProtocol.Grpc;

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (Endpoint is not null && !(Uri.TryCreate(Endpoint, UriKind.Absolute, out Uri? address) && address is { Scheme: "http" or "https" }))
            yield return new(nameof(Endpoint), $"'{Endpoint}' is no address of a collector: write it like http://collector:4317");
    }
}
