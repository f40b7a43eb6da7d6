using System.CommandLine;
using System.Globalization;
using RemoteExec.Builds.Critical;
using RemoteExec.Builds.Records;
using RemoteExec.Server.Api;

namespace RemoteExec.Server.Cli.Builds;

/// <summary><c>remoteexec builds critical-path</c>: what a build can't be faster than.</summary>
internal static class CriticalPathCommand
{
    private const int BarWidth = 20;
    private const int ShownSteps = 50;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var id = new Argument<string>("ID") { Description = "its id, as 'builds list' has it, or what it calls itself: Bazel's 'Invocation ID'" };
        var command = new Command(
            "critical-path", "Shows the chain of actions, each of which takes what the one before it makes, whose commands run longest: with however many workers the build takes at least so long.") { id };
        var connection = new ApiConnection(command);
        command.SetAction((result, cancellationToken) => connection.AskAsync(
            result, terminal, $"api/v1/builds/{Uri.EscapeDataString(result.GetValue(id)!)}/critical-path", ApiJson.Default.CriticalPath, path => Show(path, terminal), cancellationToken));
        return command;
    }

    private static void Show(CriticalPath path, Terminal terminal)
    {
        if (path.Steps.Count == 0)
        {
            terminal.WriteLine("of none of its actions is it known how long it runs: results that workers make say so", Tone.Faint);
            return;
        }

        terminal.WriteLine([new Cell(BuildWords.Time(path.Seconds), Tone.Strong), $" in {Words.Count(path.Steps.Count, "action")}; all {Words.Number(path.Actions)} run for {BuildWords.Time(path.TotalSeconds)}: at most {Ratio(path)} can run at a time, on average"]);
        var table = new Table(">RUN", "", ">END", "OUTCOME", "MNEMONIC", "TARGET", "TAKES");
        foreach (CriticalStep step in path.Steps.TakeLast(ShownSteps))
        {
            table.Add(
                BuildWords.Time(step.Seconds), terminal.IsInteractive ? Words.Bar((long)(1000 * step.Seconds), (long)(1000 * path.Seconds), BarWidth) : "", BuildWords.Time(step.EndSeconds),
                new Cell(BuildWords.Of(step.Action.Outcome), step.Action.Outcome == ActionOutcome.Failed ? Tone.Bad : Tone.Plain), step.Action.Mnemonic, step.Action.Target, step.Input);
        }

        table.Write(terminal);
        if (path.Steps.Count > ShownSteps)
            terminal.WriteLine($"before these, {Words.Number(path.Steps.Count - ShownSteps)} more", Tone.Faint);
        if (path.WithoutInputs > 0)
            terminal.WriteLine($"what {Words.Count(path.WithoutInputs, "action")} took is not in the CAS, or not all of it, as where clients run actions themselves: another path may be longer", Tone.Faint);
        if (path.WithoutTime > 0)
            terminal.WriteLine($"how long {Words.Count(path.WithoutTime, "action")} ran is not known", Tone.Faint);
        if (!path.IsComplete)
            terminal.WriteLine("the build is too large to look at all of it: another path may be longer", Tone.Faint);
    }

    private static string Ratio(CriticalPath path) => path.Seconds > 0 ? (path.TotalSeconds / path.Seconds).ToString("0.#", CultureInfo.InvariantCulture) : "1";
}
