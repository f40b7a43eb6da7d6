using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace RemoteExec.Rpc.Server;

/// <summary>
/// What servers count of the calls they serve. Meter <c>RemoteExec.Rpc</c>; the names of instruments and attributes are those of OpenTelemetry's conventions where these have any. Methods
/// that are not offered are one. May be used concurrently, by several <see cref="RpcEndpoints"/>; disposing ends the instruments.
/// </summary>
public sealed class RpcServerMetrics : IDisposable
{
    /// <summary>The name of the meter.</summary>
    public const string MeterName = "RemoteExec.Rpc";

    /// <summary>What methods are called that are not offered.</summary>
    internal const string OtherMethod = "_OTHER";

    private readonly ConcurrentDictionary<string, RpcMethodMetrics> methods = new(StringComparer.Ordinal);
    private readonly Histogram<double> duration;
    private readonly TimeProvider time;

    /// <summary>Makes the instruments.</summary>
    /// <param name="time">The clock.</param>
    public RpcServerMetrics(TimeProvider time)
    {
        this.time = time;
        duration = Meter.CreateHistogram<double>("rpc.server.call.duration", "s", "How long calls took, from their headers to their status.");
        Meter.CreateObservableUpDownCounter("remoteexec.rpc.calls.active", () => Each(method => method.Active), "{call}", "Calls that are being served.");
        Meter.CreateObservableCounter("remoteexec.rpc.received", () => Each(method => method.Received), "By", "Messages received, as they are on the wire.");
        Meter.CreateObservableCounter("remoteexec.rpc.sent", () => Each(method => method.Sent), "By", "Messages sent.");
    }

    /// <summary>What the instruments are of.</summary>
    internal Meter Meter { get; } = new(MeterName);

    /// <summary>Has others make instruments beside these.</summary>
    public void Observe(Action<Meter> observe) => observe(Meter);

    /// <inheritdoc/>
    public void Dispose() => Meter.Dispose();

    /// <summary>What is counted of a method.</summary>
    /// <param name="method"><c>package.Service/Method</c>, out of a bounded set.</param>
    internal RpcMethodMetrics Of(string method) => methods.GetOrAdd(method, name => new RpcMethodMetrics(name, duration, time));

    // Not those that were never called: most servers offer many more methods than are used.
    private IEnumerable<Measurement<long>> Each(Func<RpcMethodMetrics, long> value) =>
        methods.Values.Where(method => method.IsUsed).Select(method => new Measurement<long>(value(method), method.Tags));
}
