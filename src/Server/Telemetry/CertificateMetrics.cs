using System.Diagnostics.Metrics;

namespace RemoteExec.Server.Telemetry;

/// <summary>How long the certificate of the listeners is still good. Meter <c>RemoteExec.Server</c>; disposing ends the instrument.</summary>
internal sealed class CertificateMetrics : IDisposable
{
    /// <summary>Makes the instrument.</summary>
    /// <param name="end">When the certificate ends.</param>
    /// <param name="time">The clock.</param>
    public CertificateMetrics(DateTimeOffset end, TimeProvider time) =>
        Meter.CreateObservableGauge("remoteexec.certificate.time_left", () => (end - time.GetUtcNow()).TotalSeconds, "s", "How long the certificate of the TLS listeners is still good; negative once it is not.");

    /// <summary>What the instrument is of.</summary>
    public Meter Meter { get; } = new("RemoteExec.Server");

    /// <inheritdoc/>
    public void Dispose() => Meter.Dispose();
}
