using System.CommandLine;
using RemoteExec.Protocol;
using RemoteExec.Runs.Determinism;
using RemoteExec.Runs.Inputs;
using RemoteExec.Server.Cli.Trees;

namespace RemoteExec.Server.Cli.Runs;

/// <summary><c>remoteexec check-determinism</c>.</summary>
internal static class DeterminismCommand
{
    /// <summary>What to try.</summary>
    public const string Examples =
        """
        remoteexec check-determinism sha256:0c9e…/142
        remoteexec check-determinism sha256:0c9e…/142 --runs 20 --json
        """;

    private const int MostRuns = 1000;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var digest = new Argument<string>("ACTION") { Description = "the digest of an action that is in the CAS, HASH/SIZE: 'run' prints it, and so do builds" };
        var count = new Option<int>("--runs") { HelpName = "N", Description = "how many times it runs", DefaultValueFactory = _ => 5 };
        var command = new Command("check-determinism", "Runs an action several times and compares all that comes of it; ends with 3 if something differs. The cache is neither used nor changed.") { digest, count };
        var flags = new TreeFlags(command);
        command.SetAction(result =>
        {
            Digest wanted = ActionArgument.Parse(flags.InstanceOf(result), result.GetValue(digest)!);
            int runs = result.GetValue(count) is >= 2 and <= MostRuns and var given ? given : throw new UsageException($"--runs {result.GetValue(count)}: must be between 2 and {MostRuns}");
            return flags.ConnectAsync(result, async (server, cancellationToken) =>
            {
                StoredAction action = await StoredAction.LoadAsync(server.Cas, wanted, cancellationToken);
                var repeated = new RepeatedRuns(server.Execution, server.Cas, TimeProvider.System);
                IReadOnlyList<RepeatedRun> all = [];
                await terminal.WithStepsAsync("running", runs, async done => all = await repeated.RunAsync(action, runs, done, cancellationToken));
                var report = new DeterminismReport(wanted, all, await new RunComparison(server.Cas).CompareAsync(all, cancellationToken));
                if (flags.WantsJson(result))
                    terminal.WriteLine(report.ToJson());
                else
                    report.Show(terminal);
                return report.IsDeterministic ? ExitCode.Ok : ExitCode.NotVerified;
            });
        });
        return command;
    }
}
