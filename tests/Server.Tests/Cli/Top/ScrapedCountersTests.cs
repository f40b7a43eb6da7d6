using RemoteExec.Server.Cli.Top;

namespace RemoteExec.Server.Tests.Cli.Top;

public sealed class ScrapedCountersTests
{
    private const string Before =
        """
        # TYPE remoteexec_cache_lookups_total counter
        remoteexec_cache_lookups_total{service="ac",instance_name="",tool="bazel",mnemonic="a \"quoted\" } kind",result="hit"} 10
        remoteexec_cache_lookups_total{service="ac",instance_name="",tool="bazel",mnemonic="CppCompile",result="miss"} 5
        remoteexec_cache_io_bytes_total{service="cas",instance_name="",tool="bazel",mnemonic="",direction="read"} 1000
        """;

    private const string After =
        """
        remoteexec_cache_lookups_total{service="ac",instance_name="",tool="bazel",mnemonic="a \"quoted\" } kind",result="hit"} 22
        remoteexec_cache_lookups_total{service="http",instance_name="",tool="ccache",mnemonic="",result="hit"} 4
        remoteexec_cache_lookups_total{service="ac",instance_name="",tool="bazel",mnemonic="CppCompile",result="miss"} 9
        remoteexec_cache_stored_total{service="http",instance_name="",tool="ccache",mnemonic=""} 6
        remoteexec_cache_io_bytes_total{service="cas",instance_name="",tool="bazel",mnemonic="",direction="read"} 5000
        remoteexec_cache_io_bytes_total{service="cas",instance_name="",tool="bazel",mnemonic="",direction="write"} 200
        rpc_server_call_duration_seconds_bucket{rpc_system_name="grpc",rpc_method="build.bazel.remote.execution.v2.ActionCache/GetActionResult",rpc_response_status_code="OK",le="0.001"} 90
        rpc_server_call_duration_seconds_bucket{rpc_system_name="grpc",rpc_method="build.bazel.remote.execution.v2.ActionCache/GetActionResult",rpc_response_status_code="OK",le="0.01"} 100
        rpc_server_call_duration_seconds_bucket{rpc_system_name="grpc",rpc_method="build.bazel.remote.execution.v2.ActionCache/GetActionResult",rpc_response_status_code="OK",le="+Inf"} 100
        rpc_server_call_duration_seconds_count{rpc_system_name="grpc",rpc_method="build.bazel.remote.execution.v2.ActionCache/GetActionResult",rpc_response_status_code="OK"} 100
        rpc_server_call_duration_seconds_count{rpc_system_name="grpc",rpc_method="build.bazel.remote.execution.v2.ActionCache/GetActionResult",rpc_response_status_code="NOT_FOUND"} 20
        rpc_server_call_duration_seconds_count{rpc_system_name="grpc",rpc_method="build.bazel.remote.execution.v2.ContentAddressableStorage/FindMissingBlobs",rpc_response_status_code="UNAVAILABLE"} 8
        rpc_server_call_duration_seconds_count{rpc_system_name="grpc",rpc_method="remoteexec.worker.v1.WorkerQueue/Post",rpc_response_status_code="OK"} 1000
        rpc_server_call_duration_seconds_bucket{rpc_system_name="grpc",rpc_method="build.bazel.remote.execution.v2.Execution/Execute",rpc_response_status_code="OK",le="3600.0"} 7
        """;

    [Fact]
    public void Rates_are_what_was_counted_between_two_looks_by_the_second()
    {
        TopRates rates = ScrapedCounters.Parse(After).Since(ScrapedCounters.Parse(Before), TimeSpan.FromSeconds(2))!;

        Assert.Equal((8, 2), (rates.Hits, rates.Misses));
        Assert.Equal(0.8, rates.HitRate);
        Assert.Equal((2000, 100), (rates.SentBytes, rates.ReceivedBytes));
        Assert.Equal(((128 + 10) / 2.0, 4), (rates.Requests, rates.Errors));
    }

    [Fact]
    public void Latencies_are_estimated_as_Prometheus_does()
    {
        TopRates rates = ScrapedCounters.Parse(After).Since(ScrapedCounters.Parse(Before), TimeSpan.FromSeconds(1))!;

        Assert.Equal(0.001 * 50 / 90, rates.MedianLatencySeconds!.Value, 9);
        Assert.Equal(0.001 + (0.009 * 9 / 10), rates.HighLatencySeconds!.Value, 9);
    }

    [Fact]
    public void A_server_that_was_started_again_has_no_rates_at_first() =>
        Assert.Null(ScrapedCounters.Parse(Before).Since(ScrapedCounters.Parse(After), TimeSpan.FromSeconds(1)));

    [Fact]
    public void Where_nothing_went_on_there_is_neither_a_hit_rate_nor_a_latency()
    {
        TopRates rates = ScrapedCounters.Parse(After).Since(ScrapedCounters.Parse(After), TimeSpan.FromSeconds(1))!;

        Assert.Equal((0, null, null, null), (rates.Requests, rates.HitRate, rates.MedianLatencySeconds, rates.HighLatencySeconds));
    }
}
