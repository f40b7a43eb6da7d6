using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas;
using RemoteExec.Cas.Stores.Segments;

namespace RemoteExec.Server.Cli.Diagnosis;

/// <summary><c>remoteexec doctor --data</c>: reads the stores of a stopped server and tells, or repairs, what is damaged.</summary>
internal static class StoreDoctor
{
    private static readonly JsonSerializerOptions json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Checks all stores in a data directory, or the one store that it is.</summary>
    /// <exception cref="StartupException">There is none, or it can't be opened.</exception>
    public static async Task<int> RunAsync(string data, bool repair, bool asJson, Terminal terminal, CancellationToken cancellationToken)
    {
        List<SegmentCheckReport> reports = await CheckAsync(Path.GetFullPath(data), repair, terminal, cancellationToken);
        if (asJson)
            terminal.WriteLine(JsonSerializer.Serialize(reports, json));
        else
            reports.ForEach(report => Write(terminal, report));
        return reports.TrueForAll(report => report.IsGood) ? ExitCode.Ok : ExitCode.Failed;
    }

    private static async Task<List<SegmentCheckReport>> CheckAsync(string root, bool repair, Terminal terminal, CancellationToken cancellationToken)
    {
        try
        {
            List<string> stores = Directory.Exists(root) ? [.. Directory.GetDirectories(root).Prepend(root).Where(SegmentCheck.IsStore).Order()] : [];
            if (stores.Count == 0)
                throw new StartupException($"there is no store in {root}: name the server's data directory with --data");
            var reports = new List<SegmentCheckReport>();
            await terminal.WithProgressAsync("reading", stores.Sum(SegmentCheck.BytesOf), async progress =>
            {
                foreach (string store in stores)
                    reports.Add(await SegmentCheck.RunAsync(store, repair, NullLogger.Instance, progress, cancellationToken));
            });
            return reports;
        }
        catch (Exception exception) when (exception is CasException or IOException or UnauthorizedAccessException)
        {
            throw new StartupException(exception.Message, exception);
        }
    }

    private static void Write(Terminal terminal, SegmentCheckReport report)
    {
        string what = $"{report.Path}: {report.Records} records in {report.Segments} segments, {report.Bytes} bytes";
        if (report.DamagedRecords == 0)
        {
            terminal.WriteLine($"{what}: ok{(report.HasCheckpoint ? "" : report.IsRepaired ? "; the index was made anew" : "; no index, so the next start reads everything")}", Tone.Good);
            return;
        }

        terminal.WriteLine($"{what}; {report.DamagedRecords} damaged{(report.IsRepaired ? " ones were dropped" : ": --repair drops them; a server does so when it meets them")}", Tone.Bad);
        foreach (string segment in report.DamagedSegments)
            terminal.WriteLine($"  damage in {segment}", Tone.Faint);
    }
}
