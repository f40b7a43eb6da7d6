using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Worker;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Server.Cli;

/// <summary><c>remoteexec worker --probe</c>: tells which sandbox this machine lets a worker have.</summary>
internal static class SandboxProbeCommand
{
    private static readonly JsonSerializerOptions json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Tries the tiers as a worker with these settings would, in a directory beside its scratch directory, and writes what came of it.</summary>
    /// <exception cref="StartupException">Such a worker would not start.</exception>
    public static async Task<int> RunAsync(WorkerOptions options, bool asJson, Terminal terminal)
    {
        string directory = $"{options.ScratchDirectory}-probe-{Environment.ProcessId}";
        try
        {
            SandboxReport report = await SandboxReport.ProbeAsync(options with { ScratchDirectory = directory }, NullLogger.Instance, TimeProvider.System);
            if (asJson)
                terminal.WriteLine(JsonSerializer.Serialize(report, json));
            else
                Write(report, terminal);
            return ExitCode.Ok;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            throw new StartupException(exception.Message, exception);
        }
        finally
        {
            if (Directory.Exists(directory))
                Directory.Delete(directory, recursive: true);
        }
    }

    private static void Write(SandboxReport report, Terminal terminal)
    {
        terminal.WriteLine($"Actions run in the sandbox '{report.Tier}', {report.Users}.", Tone.Good);
        terminal.WriteLine(SandboxWords.Of(report.Tier));
        if (report.Fallback is { } fallback)
            terminal.WriteLine($"It is made {fallback}.", Tone.Bad);
        foreach (TierFinding finding in report.Findings.Where(finding => finding.Problem is not null))
        {
            terminal.WriteLine("");
            terminal.WriteLine($"'{finding.Tier}' does not work here: {finding.Problem}", Tone.Bad);
            terminal.WriteLine($"  {SandboxWords.Of(finding.Tier)}", Tone.Faint);
        }

        if (report.Limits.Count > 0)
        {
            terminal.WriteLine("");
            terminal.WriteLine($"Each can be limited in {string.Join(", ", report.Limits)}.");
        }

        foreach (string problem in report.LimitProblems)
            terminal.WriteLine($"Limits: {problem}", Tone.Bad);

        if (report.HostPaths.Count == 0)
            return;
        terminal.WriteLine("");
        terminal.WriteLine("Of this machine they see, read-only (worker.sandbox.hostPaths):");
        foreach (HostPlace place in report.HostPaths)
            terminal.WriteLine(place.Target is null ? $"  {place.Path}" : $"  {place.Path} -> {place.Target}", Tone.Faint);
    }
}
