using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using RemoteExec.Probe.Load;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Server.Cli.Probing;

/// <summary>What a load came to, with what has to stand beside figures so that others can tell what they mean.</summary>
/// <param name="address">The server.</param>
/// <param name="connections">Over how many connections.</param>
/// <param name="plan">How it was loaded.</param>
/// <param name="results">What came of it.</param>
internal sealed class BenchReport(RpcAddress address, int connections, LoadPlan plan, IReadOnlyList<LoadResult> results)
{
    private static readonly double[] percentiles = [50, 90, 99, 99.9];
    private static readonly JsonSerializerOptions json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private static string Client => string.Create(
        CultureInfo.InvariantCulture,
        $"remoteexec {typeof(BenchReport).Assembly.GetName().Version?.ToString(3)}, {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription} {RuntimeInformation.OSArchitecture}, {Environment.ProcessorCount} processors");

    /// <summary>Lists the mixes.</summary>
    public static void WriteMixes(Terminal terminal)
    {
        var table = new Table("MIX", "CALLS");
        foreach (LoadMix mix in LoadMix.All)
            table.Add(mix.Name, mix.Says);
        table.Write(terminal);
    }

    /// <summary>Writes it as a table, as JSON or as CSV.</summary>
    public void Write(bool asJson, bool asCsv, Terminal terminal)
    {
        if (asJson)
            terminal.WriteLine(ToJson());
        else if (asCsv)
            WriteCsv(terminal);
        else
            WriteTable(terminal);
    }

    private void WriteTable(Terminal terminal)
    {
        terminal.WriteLine($"{address}, {plan.Concurrency} calls at a time over {Words.Count(connections, "connection")}, --seed {plan.Seed}", Tone.Strong);
        terminal.WriteLine($"from {Client}", Tone.Faint);
        var table = new Table("MIX", ">CALLS", ">CALLS/S", ">MB/S", ">P50 MS", ">P90 MS", ">P99 MS", ">P99.9 MS", ">MAX MS", ">FAILED");
        foreach (LoadResult result in results)
        {
            table.Add(
            [
                result.Mix.Name, Words.Number(result.Times.Count), Format(result.PerSecond, "#,0.0"), result.Bytes == 0 ? "-" : Format(result.MegabytesPerSecond, "#,0.0"),
                .. percentiles.Select(percent => (Cell)Format(result.Times.Percentile(percent).TotalMilliseconds, "#,0.000")), Format(result.Times.Longest.TotalMilliseconds, "#,0.000"),
                new Cell(Words.Number(result.Failures), result.Failures == 0 ? Tone.Plain : Tone.Bad),
            ]);
        }

        table.Write(terminal);
        foreach (LoadResult result in results.Where(result => result.FirstFailure is not null))
            terminal.WriteLine($"{result.Mix.Name}: the first that failed: {result.FirstFailure}", Tone.Bad);
    }

    private void WriteCsv(Terminal terminal)
    {
        terminal.WriteLine("mix,server,concurrency,connections,seed,calls,seconds,calls_per_second,bytes,p50_ms,p90_ms,p99_ms,p99.9_ms,max_ms,failures");
        foreach (LoadResult result in results)
        {
            terminal.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{result.Mix.Name},{address},{plan.Concurrency},{connections},{plan.Seed},{result.Times.Count},{result.Elapsed.TotalSeconds:0.000},{result.PerSecond:0.0},{result.Bytes},{string.Join(',', percentiles.Select(percent => Format(result.Times.Percentile(percent).TotalMilliseconds, "0.000")))},{result.Times.Longest.TotalMilliseconds:0.000},{result.Failures}"));
        }
    }

    private string ToJson() => JsonSerializer.Serialize(
        new
        {
            Server = address.ToString(),
            Client,
            plan.Concurrency,
            Connections = connections,
            plan.Seed,
            WarmUpSeconds = plan.WarmUp.TotalSeconds,
            Mixes = results.Select(result => new
            {
                result.Mix.Name,
                Calls = result.Times.Count,
                Seconds = result.Elapsed.TotalSeconds,
                CallsPerSecond = result.PerSecond,
                result.Bytes,
                LatencyMs = percentiles.ToDictionary(percent => Format(percent, "'p'0.#"), percent => result.Times.Percentile(percent).TotalMilliseconds),
                MaxMs = result.Times.Longest.TotalMilliseconds,
                result.Failures,
                result.FirstFailure,
            }),
        },
        json);

    private static string Format(double number, string format) => number.ToString(format, CultureInfo.InvariantCulture);
}
