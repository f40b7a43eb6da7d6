using System.Globalization;
using RemoteExec.Protocol.Audits;
using Difference = RemoteExec.Protocol.Audits.SecondRun.Types.Difference;

namespace RemoteExec.Server.Cli.Audits;

/// <summary>A report of an audit as people read it.</summary>
/// <param name="terminal">Where to.</param>
/// <param name="isComplete">True to leave nothing out.</param>
internal sealed class AuditText(Terminal terminal, bool isComplete)
{
    private const int MostShown = 20;

    /// <summary>Writes it.</summary>
    public void Write(AuditReport report)
    {
        terminal.WriteLine([new Cell($"action {report.Action.Hash}/{report.Action.SizeBytes}", Tone.Strong), $" on worker '{report.Worker}', sandbox '{report.Sandbox}'"]);
        if (report.Accesses is { } accesses)
            Write(accesses);
        if (report.SecondRun is { } second)
            Write(second);
    }

    private void Write(Accesses accesses)
    {
        if (accesses.Incomplete)
            terminal.WriteLine("it looked at more than is written down", Tone.Bad);
        List("it connected, or tried to connect, to", accesses.Network, Tone.Bad);
        if (isComplete)
            List("it read of the machine", accesses.Host);
        else
            List("it read of the machine", [.. accesses.HostDirectories.OrderByDescending(directory => directory.Files).Select(directory => $"{directory.Path}  {Words.Count(directory.Files, "path")}")]);
        List("it read of its root file system", accesses.Image);
        List("it executed", accesses.Programs);
        List("it read of the kernel and of devices", accesses.Kernel);
        List("it asked about the machine by", accesses.MachineCalls);
        List("it looked for, and did not find", accesses.Absent);
        if (accesses.InputsUnknown)
            terminal.WriteLine("it has too many inputs to tell which it read", Tone.Faint);
        else
            terminal.WriteLine($"it read {Words.Number(accesses.InputsRead)} of {Words.Count(accesses.Inputs, "input file")}");
        List("inputs that it did not read", accesses.UnreadInputs);
    }

    private void Write(Protocol.Audits.SecondRun second)
    {
        if (second.Differences.Count == 0)
            terminal.WriteLine("a second run made the same", Tone.Good);
        foreach (Difference difference in second.Differences)
        {
            terminal.WriteLine([new Cell("a second run differed: ", Tone.Bad), new Cell(difference.Path, Tone.Strong), $": {difference.What}"]);
            if (difference.FirstBytes.Length + difference.SecondBytes.Length == 0)
                continue;
            terminal.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"  {difference.FirstSize} and {difference.SecondSize} bytes, of which {difference.DifferingBytes} differ, at {(difference.Offsets.Count == 0 ? "the end" : string.Join(", ", difference.Offsets))}"));
            terminal.WriteLine(["  first   ", Hex(difference.FirstBytes)]);
            terminal.WriteLine(["  second  ", Hex(difference.SecondBytes)]);
        }
    }

    private void List(string title, IReadOnlyCollection<string> lines, Tone tone = Tone.Plain)
    {
        if (lines.Count == 0)
            return;
        terminal.WriteLine($"{title}:", tone);
        foreach (string line in isComplete ? lines : lines.Take(MostShown))
            terminal.WriteLine(["  ", line]);
        if (!isComplete && lines.Count > MostShown)
            terminal.WriteLine($"  and {Words.Number(lines.Count - MostShown)} more: --all", Tone.Faint);
    }

    private static Cell Hex(Google.Protobuf.ByteString bytes) =>
        new($"{Convert.ToHexStringLower(bytes.Span)}  {string.Concat(bytes.Select(value => value is >= 0x20 and < 0x7f ? (char)value : '.'))}");
}
