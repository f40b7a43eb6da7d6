using RemoteExec.Server.Telemetry;

namespace RemoteExec.Server.Tests.Telemetry;

public sealed class MetricFamilyTests
{
    [Theory]
    [InlineData("rpc.server.call.duration", "s", "histogram", "rpc_server_call_duration_seconds", "rpc_server_call_duration_seconds")]
    [InlineData("remoteexec.store.io", "By", "counter", "remoteexec_store_io_bytes", "remoteexec_store_io_bytes_total")]
    [InlineData("remoteexec.store.lookups", "{blob}", "counter", "remoteexec_store_lookups", "remoteexec_store_lookups_total")]
    [InlineData("remoteexec.slots.idle", "{slot}", "gauge", "remoteexec_slots_idle", "remoteexec_slots_idle")]
    [InlineData("remoteexec.worker.input_cache.size", "By", "gauge", "remoteexec_worker_input_cache_size_bytes", "remoteexec_worker_input_cache_size_bytes")]
    [InlineData("share", "1", "gauge", "share_ratio", "share_ratio")]
    [InlineData("share", "1", "counter", "share", "share_total")]
    [InlineData("things.total", null, "counter", "things", "things_total")]
    [InlineData("wait.seconds", "s", "gauge", "wait_seconds", "wait_seconds")]
    [InlineData("9 lives--left", "", "gauge", "_9_lives_left", "_9_lives_left")]
    public void Prometheus_finds_the_unit_and_the_type_in_the_name(string name, string? unit, string type, string family, string sample)
    {
        var found = MetricFamily.Of(name, unit, type);

        Assert.Equal((family, sample, type), (found.Name, found.SampleName, found.Type));
    }
}
