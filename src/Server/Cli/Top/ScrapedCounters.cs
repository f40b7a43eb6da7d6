using System.Globalization;
using System.Text.RegularExpressions;

namespace RemoteExec.Server.Cli.Top;

/// <summary>What a server has counted since it was started, read out of what it tells Prometheus: the sums of which a view is made.</summary>
internal sealed partial class ScrapedCounters
{
    // Calls that are answered at once, more or less: others wait for workers, or for as much as they carry.
    private static readonly string[] quickServices = ["build.bazel.remote.execution.v2.ActionCache/", "build.bazel.remote.execution.v2.ContentAddressableStorage/"];

    private readonly SortedDictionary<double, double> quick = []; // how many calls took no longer than so many seconds
    private double requests;
    private double errors;
    private double hits;
    private double misses;
    private double sent;
    private double received;

    /// <summary>Reads a text; lines that are none of these counters are passed over.</summary>
    public static ScrapedCounters Parse(string text)
    {
        var counters = new ScrapedCounters();
        foreach (ReadOnlySpan<char> line in text.AsSpan().EnumerateLines())
        {
            if (line.StartsWith("rpc_server_call_duration_seconds") || line.StartsWith("remoteexec_cache_"))
                counters.Read(line.ToString());
        }

        return counters;
    }

    /// <summary>What went on since others were read; null if the server was started again in between, or no time has passed.</summary>
    public TopRates? Since(ScrapedCounters before, TimeSpan time)
    {
        double seconds = time.TotalSeconds;
        if (seconds <= 0 || requests < before.requests || hits < before.hits || misses < before.misses || sent < before.sent || received < before.received)
            return null;
        var took = new SortedDictionary<double, double>();
        foreach ((double bound, double count) in quick)
            took[bound] = count - before.quick.GetValueOrDefault(bound);
        return new TopRates(
            seconds, (requests - before.requests) / seconds, (errors - before.errors) / seconds, (hits - before.hits) / seconds, (misses - before.misses) / seconds,
            (sent - before.sent) / seconds, (received - before.received) / seconds, Quantile(took, 0.5), Quantile(took, 0.99));
    }

    // As Prometheus does it: within a bucket all values are as likely.
    private static double? Quantile(SortedDictionary<double, double> buckets, double part)
    {
        double all = buckets.Count == 0 ? 0 : buckets.Values.Last(), wanted = all * part, lower = 0, below = 0;
        if (all <= 0)
            return null;
        foreach ((double bound, double count) in buckets)
        {
            if (count >= wanted && count > below)
                return double.IsInfinity(bound) ? lower : lower + ((bound - lower) * (wanted - below) / (count - below));
            (lower, below) = (bound, count);
        }

        return lower;
    }

    private void Read(string line)
    {
        Match sample = Sample().Match(line);
        if (!sample.Success || !double.TryParse(sample.Groups["value"].Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double value))
            return;
        string Label(string name) => LabelOf(sample.Groups["labels"].Value, name);
        switch (sample.Groups["name"].Value)
        {
            case "rpc_server_call_duration_seconds_count" when IsOfClients(Label("rpc_method")):
                requests += value;
                if (Label("rpc_response_status_code") is not ("OK" or "NOT_FOUND"))
                    errors += value;
                break;
            case "rpc_server_call_duration_seconds_bucket" when quickServices.Any(service => Label("rpc_method").StartsWith(service, StringComparison.Ordinal)):
                double bound = Label("le") == "+Inf" ? double.PositiveInfinity : double.Parse(Label("le"), NumberStyles.Float, CultureInfo.InvariantCulture);
                quick[bound] = quick.GetValueOrDefault(bound) + value;
                break;
            case "remoteexec_cache_lookups_total":
                if (Label("result") == "hit")
                    hits += value;
                else
                    misses += value;
                AddHttp(Label("service"), value);
                break;
            case "remoteexec_cache_stored_total":
                AddHttp(Label("service"), value);
                break;
            case "remoteexec_cache_io_bytes_total":
                if (Label("direction") == "read")
                    sent += value;
                else
                    received += value;
                break;
        }
    }

    // Workers ask for work all the time, and wait for it; operators look.
    private static bool IsOfClients(string method) => !method.StartsWith("remoteexec.", StringComparison.Ordinal);

    private void AddHttp(string service, double value)
    {
        if (service == "http")
            requests += value;
    }

    private static string LabelOf(string labels, string name) =>
        Label().Matches(labels).FirstOrDefault(label => label.Groups["name"].Value == name)?.Groups["value"].Value ?? "";

    [GeneratedRegex("""^(?<name>[a-z0-9_]+)(?:\{(?<labels>(?:[^"}]|"(?:[^"\\]|\\.)*")*)\})? (?<value>\S+)""")]
    private static partial Regex Sample();

    [GeneratedRegex("""(?<name>[a-z_]+)="(?<value>(?:[^"\\]|\\.)*)"(?:,|$)""")]
    private static partial Regex Label();
}
