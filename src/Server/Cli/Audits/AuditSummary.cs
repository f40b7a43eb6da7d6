using RemoteExec.Protocol.Audits;

namespace RemoteExec.Server.Cli.Audits;

/// <summary>The findings of an audit in short.</summary>
internal static class AuditSummary
{
    /// <summary>A line for each finding, the worst first; at least one.</summary>
    public static IReadOnlyList<Cell> Of(AuditReport report)
    {
        List<Cell> lines = [];
        if (report.SecondRun is { } second)
            lines.Add(Of(second));
        if (report.Accesses is { } accesses)
            lines.AddRange(Of(accesses));
        return lines.Count > 0 ? lines : ["nothing to tell"];
    }

    private static Cell Of(SecondRun second) => second.Differences.Count switch
    {
        0 => new Cell("a second run made the same", Tone.Good),
        1 => new Cell($"a second run differed: {second.Differences[0].Path}", Tone.Bad),
        var count => new Cell($"a second run differed: {second.Differences[0].Path}, and in {Words.Number(count - 1)} more", Tone.Bad),
    };

    private static IEnumerable<Cell> Of(Accesses accesses)
    {
        if (accesses.Network.Count > 0)
            yield return new Cell($"it connected, or tried to connect, to {accesses.Network[0]}{(accesses.Network.Count > 1 ? $" and {Words.Number(accesses.Network.Count - 1)} more" : "")}", Tone.Bad);
        if (accesses.Host.Count > 0)
            yield return $"it read {Words.Count(accesses.Host.Count, "path")} of the machine";
        if (accesses.Absent.Count > 0)
            yield return $"it did not find {Words.Count(accesses.Absent.Count, "path")} that it looked for";
        if (accesses.MachineCalls.Count > 0)
            yield return $"it asked about the machine by {string.Join(", ", accesses.MachineCalls)}";
        yield return accesses.InputsUnknown ? "it has too many inputs to tell which it read" : $"it read {Words.Number(accesses.InputsRead)} of {Words.Count(accesses.Inputs, "input file")}";
        if (accesses.Incomplete)
            yield return "it looked at more than is written down";
    }
}
