using System.Globalization;
using RemoteExec.Probe.Load;
using RemoteExec.Rpc;

namespace RemoteExec.Probe.Diagnosis;

/// <summary>How far away the server is: in time of day, for a small call, and for many bytes.</summary>
internal static class SpeedFindings
{
    private const int Calls = 20;
    private const int ScratchBytes = 8 * 1024 * 1024;
    private const double SlowMilliseconds = 50;
    private const double SlowMiBPerSecond = 10;
    private static readonly TimeSpan muchOfClocks = TimeSpan.FromSeconds(30);

    public static async Task<Finding> OfClockAsync(Route route, TimeProvider time, CancellationToken cancellationToken)
    {
        if (await new ReapiClient(route.Channel, route.Instance).GetServerDateAsync(cancellationToken) is not { } theirs)
            return new Finding("clock", FindingLevel.Skipped, "the server does not tell its time");
        TimeSpan difference = theirs - time.GetUtcNow();
        string text = string.Create(CultureInfo.InvariantCulture, $"the server's differs by {Math.Abs(difference.TotalSeconds):0} s");
        return difference.Duration() < muchOfClocks
            ? new Finding("clock", FindingLevel.Ok, text)
            : new Finding("clock", FindingLevel.Warning, text, "set both by NTP: tokens and certificates count by it, and times in logs");
    }

    public static async Task<Finding> OfLatencyAsync(Route route, TimeProvider time, CancellationToken cancellationToken)
    {
        var client = new ReapiClient(route.Channel, route.Instance);
        var times = new LatencyHistogram();
        for (int i = 0; i < Calls; i++)
        {
            long start = time.GetTimestamp();
            await client.GetCapabilitiesAsync(cancellationToken);
            times.Add(time.GetElapsedTime(start));
        }

        double median = times.Percentile(50).TotalMilliseconds;
        string text = string.Create(CultureInfo.InvariantCulture, $"p50 {median:0.0} ms, p90 {times.Percentile(90).TotalMilliseconds:0.0} ms, slowest {times.Longest.TotalMilliseconds:0.0} ms, of {Calls} calls");
        return median < SlowMilliseconds
            ? new Finding("latency", FindingLevel.Ok, text)
            : new Finding("latency", FindingLevel.Warning, text, "a build waits for it several times an action: raise --jobs, download less (--remote_download_minimal), or have a server nearer by");
    }

    public static async Task<Finding> OfThroughputAsync(Route route, TimeProvider time, CancellationToken cancellationToken)
    {
        var client = new ReapiClient(route.Channel, route.Instance);
        var blob = ProbeBlob.Random(Random.Shared, ScratchBytes);
        try
        {
            long start = time.GetTimestamp();
            await client.UploadAsync(blob, cancellationToken, 256 * 1024);
            TimeSpan up = time.GetElapsedTime(start);
            start = time.GetTimestamp();
            byte[] read = await client.ReadAsync(client.ReadName(blob), cancellationToken);
            TimeSpan down = time.GetElapsedTime(start);
            if (!read.AsSpan().SequenceEqual(blob.Content))
                return new Finding("throughput", FindingLevel.Failure, "what was read is not what was uploaded", "something in between or on the server changes content: don't use it");
            (double sent, double got) = (MiBPerSecond(up), MiBPerSecond(down));
            string text = string.Create(CultureInfo.InvariantCulture, $"up {sent:0} MiB/s, down {got:0} MiB/s, with one stream of {ScratchBytes >> 20} MiB");
            return Math.Min(sent, got) >= SlowMiBPerSecond
                ? new Finding("throughput", FindingLevel.Ok, text)
                : new Finding("throughput", FindingLevel.Warning, text, "have clients compress (Bazel 7 and later: --remote_cache_compression) and download less (--remote_download_minimal)");
        }
        catch (RpcException exception) when (exception.Code is StatusCode.PermissionDenied or StatusCode.Unauthenticated)
        {
            return new Finding("throughput", FindingLevel.Skipped, "this caller may not upload blobs");
        }
        catch (RpcException exception)
        {
            return new Finding("throughput", FindingLevel.Failure, $"uploading {ScratchBytes >> 20} MiB and reading them back failed: {exception.Status.Message}", "the server's log says more; proxies in between may bound the size of requests");
        }
    }

    private static double MiBPerSecond(TimeSpan elapsed) => ScratchBytes / elapsed.TotalSeconds / (1024 * 1024);
}
