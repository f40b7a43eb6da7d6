using System.Globalization;
using RemoteExec.Worker.Replay;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Server.Cli.Replay;

/// <summary>What is said about a replay, to people: all on standard error, for standard output is the command's.</summary>
/// <param name="terminal">The terminal.</param>
internal sealed class ReplayText(Terminal terminal)
{
    private const int MostShown = 100;
    private readonly Terminal terminal = new(terminal.Error, terminal.Error, terminal.ShowsProgress, terminal.ShowsProgress);

    /// <summary>What is replayed, in which sandbox, and what that means if it is not what a worker had.</summary>
    public void Begin(PastAction past, SandboxReport sandbox)
    {
        terminal.WriteLine([new Cell("replaying ", Tone.Faint), past.Digest.ToArgument(), new Cell($" in the sandbox '{sandbox.Tier}', {sandbox.Users}", Tone.Faint)]);
        bool isLess = past.Tier is { } recorded && LevelOf(recorded) > LevelOf(sandbox.Tier);
        TierFinding[] problems = [.. sandbox.Findings.Where(finding => finding.Problem is not null)];
        if (isLess || problems.Length > 0 || LevelOf(sandbox.Tier) == 0)
            Say($"{(isLess ? $"That is less than '{past.Tier}', which its worker had. " : problems.Length > 0 ? "That is not the highest there is. " : "")}{SandboxWords.Of(sandbox.Tier)}", Tone.Bad);
        if (sandbox.Fallback is { } fallback)
            Say($"It is made {fallback}.", Tone.Faint);
        foreach (TierFinding finding in problems)
            Say($"'{finding.Tier}' does not work here: {finding.Problem}", Tone.Faint);
    }

    /// <summary>What was fetched, and what is run.</summary>
    public void Fetched(long bytes, ReplayedAction action)
    {
        Say($"{(bytes == 0 ? "nothing had to be fetched" : $"{Words.Size(bytes)} fetched")}; {(action.HasImage ? "its root file system is the action's own" : "it sees this machine's tools, not its worker's")}", Tone.Faint);
        Say($"in {action.WorkingDirectory}: {Clip(action.CommandLine)}", Tone.Faint);
    }

    /// <summary>What a shell is for, before it begins.</summary>
    public void BeginShell(ReplayedAction action, string script)
    {
        Say($"A shell is in its place: {script} runs the command; when the shell ends, so does all that it has started, and nothing is left unless you --keep it.");
        if (Clip(action.CommandLine) != action.CommandLine)
            Say($"{script} has all of the command.", Tone.Faint);
    }

    /// <summary>How the command ended, and what differs from the recorded result.</summary>
    public void End(ReplayOutcome outcome, ResultComparison? comparison)
    {
        string end = string.Create(CultureInfo.InvariantCulture, $"the command ended with {outcome.ExitCode} after {outcome.Duration.TotalSeconds:0.0} s");
        bool isSame = comparison?.RecordedExitCode == outcome.ExitCode;
        Say(comparison is null ? end : isSame ? $"{end}, as recorded" : $"{end}; {comparison.RecordedExitCode} is recorded", comparison is null || isSame ? Tone.Plain : Tone.Bad);
        if (outcome.Explanation is { } explanation)
            Say(explanation, Tone.Bad);
        if (comparison is null)
        {
            Say("there is no recorded result to compare with: servers keep none of commands that failed, but know those of their last operations by name", Tone.Faint);
            return;
        }

        foreach (string problem in comparison.Problems)
            Say(problem, Tone.Bad);
        Show(comparison);
        if (!outcome.IsComplete)
            Say("as it was stopped, it has no outputs that could be compared", Tone.Faint);
    }

    /// <summary>Where all of it was left.</summary>
    public void Kept(string directory, ReplayOutcome outcome) =>
        Say(outcome.IsComplete ? $"kept: {directory}" : $"kept: {directory}, without its files, which went when it was stopped", Tone.Strong);

    private void Show(ResultComparison comparison)
    {
        ComparedPart[] others = [.. comparison.Parts.Where(part => part.Verdict != PartVerdict.Same)];
        if (others.Length > 0)
        {
            int width = others.Take(MostShown).Max(part => NameOf(part).Length);
            foreach (ComparedPart part in others.Take(MostShown))
                terminal.WriteLine([new Cell($"  {NameOf(part).PadRight(width)}  ", Tone.Strong), new Cell(WordsOf(part), Tone.Bad)]);
            if (others.Length > MostShown)
                Say($"  and {Words.Number(others.Length - MostShown)} more: --json", Tone.Faint);
        }

        string[] same = [.. comparison.Parts.Where(part => part is { Verdict: PartVerdict.Same, Kind: not PartKind.Output }).Select(NameOf)];
        int outputs = comparison.Parts.Count(part => part is { Verdict: PartVerdict.Same, Kind: PartKind.Output });
        string[] all = [.. same, .. outputs > 0 ? [Words.Count(outputs, "output")] : Array.Empty<string>()];
        if (all.Length > 0)
            Say($"the same as recorded: {string.Join(", ", all)}", others.Length == 0 ? Tone.Good : Tone.Plain);
    }

    // Some of it comes from clients.
    private void Say(string line, Tone tone = Tone.Plain) => terminal.WriteLine([new Cell(line, tone)]);

    private static string NameOf(ComparedPart part) => part.Kind switch
    {
        PartKind.Stdout => "stdout",
        PartKind.Stderr => "stderr",
        _ => part.Path.Length == 0 ? "." : part.Path,
    };

    private static string WordsOf(ComparedPart part) => part.Verdict switch
    {
        PartVerdict.Missing => "missing: only the recorded result has it",
        PartVerdict.New => "new: the recorded result has it not",
        _ => $"differs{(part.FirstOffset is { } offset ? string.Create(CultureInfo.InvariantCulture, $" from byte {offset} on") : "")}{(part.What is { } what ? $": {what}" : "")}",
    };

    private static string Clip(string line)
    {
        const int Longest = 400;
        return line.Length <= Longest ? line : $"{line[..Longest]}…";
    }

    private static int LevelOf(string tier) => SandboxOptions.Tiers.ToList().IndexOf(tier);
}
