using System.CommandLine;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Server.Hosting;
using Spectre.Console;

namespace RemoteExec.Server.Cli;

/// <summary><c>remoteexec doctor</c>: reads the stores of a stopped server and tells, or repairs, what is damaged.</summary>
internal static class DoctorCommand
{
    /// <summary>What to try.</summary>
    public const string Examples = """
        remoteexec doctor                          check the stores of the default data directory
        remoteexec doctor --data /srv/cache --repair
        """;

    private static readonly JsonSerializerOptions json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var data = new Option<string>("--data") { Description = "the server's data directory, or that of one store", HelpName = "DIR", DefaultValueFactory = _ => DataDirectories.Default };
        var repair = new Option<bool>("--repair") { Description = "drop what is damaged, and make the index anew" };
        var asJson = new Option<bool>("--json") { Description = "print the findings as JSON" };
        var command = new Command("doctor", "Checks the stores in a data directory, which no server may have open.") { data, repair, asJson };
        command.SetAction(async (result, cancellationToken) =>
        {
            List<SegmentCheckReport> reports = await CheckAsync(Path.GetFullPath(result.GetValue(data)!), result.GetValue(repair), terminal, cancellationToken);
            if (result.GetValue(asJson))
                terminal.WriteLine(JsonSerializer.Serialize(reports, json));
            else
                reports.ForEach(report => Write(terminal, report));
            return reports.TrueForAll(report => report.IsGood) ? ExitCode.Ok : ExitCode.Failed;
        });
        return command;
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
