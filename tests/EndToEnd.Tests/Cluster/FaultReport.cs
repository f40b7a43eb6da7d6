using System.Globalization;

namespace RemoteExec.EndToEnd.Tests.Cluster;

/// <summary>Adds what fault runs have found to files beside the one that REMOTEEXEC_FAULT_REPORT names, as rows of the tables in docs/reliability.md.</summary>
internal static class FaultReport
{
    private static readonly Lock gate = new(); // guards the files

    /// <summary>True if there is such a file.</summary>
    public static bool IsWanted => Target is not null;

    private static string? Target => Environment.GetEnvironmentVariable("REMOTEEXEC_FAULT_REPORT") is { Length: > 0 } file ? file : null;

    /// <summary>Adds a row to the table of clusters, in the file itself.</summary>
    public static void Add(string fault, bool executes, (int Present, int Hits) during, (int Present, int Hits) after) => Append("", string.Create(
        CultureInfo.InvariantCulture,
        $"| {fault} | {(executes ? "execution" : "cache")} | succeeded | {during.Present} | {during.Hits} | {after.Present} | {after.Hits} |\n"));

    /// <summary>Adds a row to the table of workers, in the file with <c>.workers</c> at its end.</summary>
    public static void AddOfWorkers(string fault, int strikes, int attempts, int present, long written, int hits) => Append(".workers", string.Create(
        CultureInfo.InvariantCulture,
        $"| {fault} | {strikes} | succeeded | {attempts} | {present} | {written} | {hits} |\n"));

    /// <summary>Adds a row to the table of schedulers, in the file with <c>.schedulers</c> at its end.</summary>
    public static void AddOfSchedulers(string fault, int operations, long written, IEnumerable<TimeSpan> takeovers) => Append(".schedulers", string.Create(
        CultureInfo.InvariantCulture,
        $"| {fault} | succeeded | {operations} | {written} | {string.Join(", ", takeovers.Select(time => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s")))} |\n"));

    private static void Append(string suffix, string row)
    {
        if (Target is not { } file)
            return;
        lock (gate)
            File.AppendAllText(file + suffix, row);
    }
}
