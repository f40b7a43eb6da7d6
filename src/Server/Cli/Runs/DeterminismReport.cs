using System.Text.Json;
using RemoteExec.Protocol;
using RemoteExec.Runs.Determinism;
using RemoteExec.Server.Cli.Trees;

namespace RemoteExec.Server.Cli.Runs;

/// <summary>What is told of several runs of an action.</summary>
/// <param name="action">The action.</param>
/// <param name="runs">Its runs.</param>
/// <param name="differences">What was not the same in all of them.</param>
internal sealed class DeterminismReport(Digest action, IReadOnlyList<RepeatedRun> runs, IReadOnlyList<RunDifference> differences)
{
    private const int MostMembers = 10;

    /// <summary>True if all was the same.</summary>
    public bool IsDeterministic => differences.Count == 0;

    /// <summary>Shows it to a person.</summary>
    public void Show(Terminal terminal)
    {
        int workers = runs.Select(run => run.Run.Worker).Distinct(StringComparer.Ordinal).Count();
        string what = $"{runs.Count} runs on {Words.Count(workers, "worker")}";
        if (IsDeterministic)
        {
            terminal.WriteLine($"{what}: all the same", Tone.Good);
            if (runs[0].Run.Result!.ExitCode is not 0 and var code)
                terminal.WriteLine($"(each ended with {code})", Tone.Faint);
            return;
        }

        terminal.WriteLine($"{what}: {Words.Count(differences.Count, "thing")} not the same", Tone.Bad);
        foreach (RunDifference difference in differences)
            Show(difference, terminal);
        foreach (DifferenceCause cause in differences.SelectMany(difference => difference.Content?.AllCauses ?? []).Distinct().Order())
            terminal.WriteLine([new Cell($"likely {CauseWords.NameOf(cause)}: ", Tone.Strong), CauseWords.AdviceOn(cause)]);
    }

    /// <summary>All of it as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(
        new
        {
            Action = $"{action.Hash}/{action.SizeBytes}",
            DigestFunction = action.Function.Name(),
            Deterministic = IsDeterministic,
            Runs = runs.Select(run => new
            {
                run.Number,
                Action = $"{run.Run.Action.Hash}/{run.Run.Action.SizeBytes}",
                run.Run.Result!.ExitCode,
                run.Run.Worker,
            }),
            Differences = differences,
        },
        TreeFlags.Json);

    private static void Show(RunDifference difference, Terminal terminal)
    {
        string name = difference.Part switch
        {
            DifferingPart.ExitCode => "exit code",
            DifferingPart.Stdout => "standard output",
            DifferingPart.Stderr => "standard error",
            _ => difference.Path,
        };
        terminal.WriteLine([new Cell(name, Tone.Strong), new Cell($"  not as in run 1 in {(difference.Runs.Count == 1 ? "run" : "runs")} {string.Join(", ", difference.Runs)}; {difference.Variants} variants", Tone.Faint)]);
        if (difference.Content is { } content)
            Show(content, "  ", terminal);
        else
            ShowBoth(difference.First, difference.Other, "  ", terminal);
    }

    private static void Show(ContentDifference content, string indent, Terminal terminal)
    {
        string sizes = content.FirstBytes == content.OtherBytes ? $"{content.FirstBytes} bytes" : $"{content.FirstBytes} and {content.OtherBytes} bytes";
        terminal.WriteLine([new Cell($"{indent}from byte {content.Offset}{(content.Line is { } line ? $", line {line}" : "")} on; {sizes}{(content.Archive is { } archive ? $", {archive}" : "")}", Tone.Faint)]);
        if (content.Members.Count == 0)
            ShowBoth(content.First, content.Other, indent, terminal);
        foreach (MemberDifference member in content.Members.Take(MostMembers))
        {
            string aspects = string.Join("; ", member.Content is null ? member.Aspects : [.. member.Aspects, "content"]);
            terminal.WriteLine([new Cell($"{indent}{(member.Name.Length == 0 ? content.Archive : member.Name)}"), new Cell($"  {aspects}", Tone.Faint)]);
            if (member.Content is { } inside)
                Show(inside, indent + "  ", terminal);
        }

        if (content.Members.Count > MostMembers)
            terminal.WriteLine($"{indent}and {content.Members.Count - MostMembers} more: --json has all", Tone.Faint);
    }

    private static void ShowBoth(string first, string other, string indent, Terminal terminal)
    {
        terminal.WriteLine([new Cell($"{indent}- {first}", Tone.Bad)]);
        terminal.WriteLine([new Cell($"{indent}+ {other}", Tone.Good)]);
    }
}
