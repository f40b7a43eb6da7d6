using System.Globalization;
using RemoteExec.Builds.Explain;
using RemoteExec.Server.Cli.Builds;

namespace RemoteExec.Server.Cli.Explain;

/// <summary>Explanations as people read them.</summary>
internal sealed class ExplainText(Terminal terminal)
{
    private const int ShownCauses = 20;
    private const int ShownDetails = 10;
    private const int BarWidth = 12;

    /// <summary>Writes the causes of a build's misses.</summary>
    public void Write(BuildCauses build)
    {
        terminal.WriteLine([new Cell(build.Build, Tone.Strong), $": {Words.Count(build.Misses, "action")} missed, and ran for {BuildWords.Time(build.Seconds)} in all"]);
        var table = new Table(">SHARE", "", ">MISSES", ">RUN", "CAUSE", "FOR EXAMPLE", "ACTION");
        foreach (RankedCause cause in build.Causes.Take(ShownCauses))
        {
            table.Add(
                string.Create(CultureInfo.InvariantCulture, $"{cause.Share * 100:0} %"), terminal.IsInteractive ? Words.Bar((int)cause.Actions, (int)build.Misses, BarWidth) : "", Words.Number(cause.Actions),
                BuildWords.Time(cause.Seconds), new Cell($"{NameOf(cause.Kind)} {cause.Subject}".TrimEnd(), Tone.Strong), cause.Sentence, cause.Example);
        }

        table.Write(terminal);
        if (build.Causes.Count > ShownCauses)
            terminal.WriteLine($"and {Words.Number(build.Causes.Count - ShownCauses)} more causes: --json has all", Tone.Faint);
    }

    /// <summary>Writes why an action missed.</summary>
    public void Write(Explanation explanation)
    {
        terminal.WriteLine([new Cell(explanation.Cause.Sentence, explanation.Earlier is null ? Tone.Faint : Tone.Strong)]);
        foreach (CauseStep step in explanation.Chain)
            terminal.WriteLine($"  so that {step.Output} differs, which {(step.Target.Length > 0 ? step.Target : step.Action)} makes{(step.Mnemonic.Length > 0 ? $" ({step.Mnemonic})" : "")}");
        var facts = new Table("", "");
        facts.Add("action", $"{explanation.Action}{(explanation.Target.Length > 0 ? $" of {explanation.Target}" : "")}{(explanation.Mnemonic.Length > 0 ? $" ({explanation.Mnemonic})" : "")}");
        if (explanation.Output is { Length: > 0 } output)
            facts.Add("makes", output);
        if (explanation.Earlier is { } earlier)
            facts.Add("compared with", $"{earlier.Action}{(earlier.Build.Length > 0 ? $" of build {earlier.Build}" : "")}{(earlier.At is { } at ? $", {at.ToString("u", CultureInfo.InvariantCulture)}" : "")}");
        facts.Write(terminal);
        List("it also differs", [.. explanation.Others.Select(cause => cause.Sentence)]);
        if (explanation.Difference is { } difference)
            Write(difference);
        if (explanation.Confidence == ExplanationConfidence.Partial)
            terminal.WriteLine("not all could be compared: something else may differ, too", Tone.Faint);
    }

    private void Write(ActionComparison difference)
    {
        List("inputs", [.. difference.Inputs.Select(change => $"{Of(change.Kind)} {change.Path}")]);
        foreach (InputChange change in difference.Inputs.Where(change => change.TextDiff is not null))
        {
            terminal.WriteLine($"{change.Path}:", Tone.Strong);
            foreach (string line in change.TextDiff!.Split('\n'))
                terminal.WriteLine([new Cell("  " + line, line.StartsWith('+') ? Tone.Good : line.StartsWith('-') ? Tone.Bad : Tone.Plain)]);
        }

        List("not compared", difference.NotCompared);
    }

    private void List(string title, IReadOnlyList<string> lines)
    {
        if (lines.Count == 0)
            return;
        terminal.WriteLine($"{title}:");
        foreach (string line in lines.Take(ShownDetails))
            terminal.WriteLine(["  ", line]);
        if (lines.Count > ShownDetails)
            terminal.WriteLine($"  and {Words.Number(lines.Count - ShownDetails)} more: --json has all", Tone.Faint);
    }

    private static string Of(InputChangeKind kind) => kind switch
    {
        InputChangeKind.Added => "+",
        InputChangeKind.Removed => "-",
        InputChangeKind.Renamed => ">",
        _ => "~",
    };

    // ResultGone -> result gone
    private static string NameOf(CauseKind kind) => string.Concat(kind.ToString().Select((letter, place) => char.IsAsciiLetterUpper(letter) && place > 0 ? $" {char.ToLowerInvariant(letter)}" : $"{char.ToLowerInvariant(letter)}"));
}
