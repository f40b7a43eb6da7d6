using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using Google.Protobuf;
using Grpc.Health.V1;
using RemoteExec.Rpc.Server;
using RemoteExec.TestKit;

namespace RemoteExec.Rpc.Tests.Server;

/// <summary>What a server counts of its calls.</summary>
public sealed class MetricsTests : IDisposable
{
    private readonly ManualTimeProvider time = new();
    private readonly RpcServerMetrics metrics;
    private readonly MeterListener listener = new();
    private readonly ConcurrentQueue<string> heard = [];

    public MetricsTests()
    {
        metrics = new RpcServerMetrics(time);
        listener.InstrumentPublished = (instrument, target) =>
        {
            if (instrument.Meter == metrics.Meter) // meters are heard across all tests
                target.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Hear(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Hear(instrument, value, tags));
        listener.Start();
    }

    public void Dispose()
    {
        listener.Dispose();
        metrics.Dispose();
    }

    [Fact]
    public async Task Calls_are_counted_by_method_and_status_with_their_bytes()
    {
        var request = new HealthCheckRequest { Service = "some" };
        var response = new HealthCheckResponse { Status = HealthCheckResponse.Types.ServingStatus.Serving };
        await using (TestServer server = await StartAsync(async (asked, call) =>
        {
            time.Advance(TimeSpan.FromSeconds(2));
            await Task.Yield();
            if (asked.Service == "absent")
                throw new RpcException(StatusCode.NotFound, "it is absent");
            return response;
        }))
        {
            await server.Channel.CheckAsync("some");
            await server.Channel.CheckAsync("some");
            await Assert.ThrowsAsync<RpcException>(() => server.Channel.CheckAsync("absent"));
            await Assert.ThrowsAsync<RpcException>(() => server.Channel.UnaryAsync<HealthCheckRequest, HealthCheckResponse>("/made.Up/AtRandom", request, Methods.Token));
        }

        Assert.Equal(
            [
                "rpc.server.call.duration 2 s grpc.health.v1.Health/Check NOT_FOUND", "rpc.server.call.duration 2 s grpc.health.v1.Health/Check OK", "rpc.server.call.duration 2 s grpc.health.v1.Health/Check OK",
            ],
            heard.Where(line => line.Contains("Health", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.Contains("rpc.server.call.duration 0 s _OTHER UNIMPLEMENTED", heard);
        heard.Clear();
        listener.RecordObservableInstruments();
        Assert.Contains($"remoteexec.rpc.received {(2 * request.CalculateSize()) + new HealthCheckRequest { Service = "absent" }.CalculateSize()} By grpc.health.v1.Health/Check", heard);
        Assert.Contains($"remoteexec.rpc.sent {2 * response.CalculateSize()} By grpc.health.v1.Health/Check", heard);
        Assert.Contains("remoteexec.rpc.calls.active 0 {call} grpc.health.v1.Health/Check", heard);
        Assert.DoesNotContain(heard, line => line.Contains("Watch", StringComparison.Ordinal)); // which was never called
    }

    [Fact]
    public async Task What_is_being_served_is_told_while_it_is()
    {
        var go = new TaskCompletionSource();
        await using TestServer server = await StartAsync(async (_, _) =>
        {
            await go.Task;
            return new HealthCheckResponse();
        });
        Task<HealthCheckResponse>[] calls = [server.Channel.CheckAsync(), server.Channel.CheckAsync()];

        while (!heard.Contains("remoteexec.rpc.calls.active 2 {call} grpc.health.v1.Health/Check"))
        {
            listener.RecordObservableInstruments();
            await Task.Yield();
        }

        Assert.DoesNotContain(heard, line => line.StartsWith("rpc.server.call.duration", StringComparison.Ordinal));
        go.SetResult();
        await Task.WhenAll(calls);
    }

    private Task<TestServer> StartAsync(Func<HealthCheckRequest, RpcCall, Task<HealthCheckResponse>> handler) =>
        TestServer.StartAsync([Methods.ServeUnary(handler)], new RpcServerOptions { Metrics = metrics });

    private void Hear<T>(Instrument instrument, T value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        Assert.Equal(new KeyValuePair<string, object?>("rpc.system.name", "grpc"), tags[0]);
        Assert.Equal("rpc.method", tags[1].Key);
        string code = tags.Length > 2 ? $" {tags[2].Value}" : "";
        heard.Enqueue(string.Create(CultureInfo.InvariantCulture, $"{instrument.Name} {value} {instrument.Unit} {tags[1].Value}{code}"));
    }
}
