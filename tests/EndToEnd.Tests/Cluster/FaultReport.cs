using System.Globalization;

namespace RemoteExec.EndToEnd.Tests.Cluster;

/// <summary>Adds what a fault run has found to the file that REMOTEEXEC_FAULT_REPORT names, as a row of the table in docs/reliability.md.</summary>
internal static class FaultReport
{
    private static readonly Lock gate = new(); // guards the file

    public static void Add(string fault, bool executes, (int Present, int Hits) during, (int Present, int Hits) after)
    {
        if (Environment.GetEnvironmentVariable("REMOTEEXEC_FAULT_REPORT") is not { Length: > 0 } file)
            return;
        string row = string.Create(
            CultureInfo.InvariantCulture,
            $"| {fault} | {(executes ? "execution" : "cache")} | succeeded | {during.Present} | {during.Hits} | {after.Present} | {after.Hits} |\n");
        lock (gate)
            File.AppendAllText(file, row);
    }
}
