using System.CommandLine;
using RemoteExec.Protocol;
using RemoteExec.Runs.Inputs;

namespace RemoteExec.Server.Cli.Runs;

/// <summary><c>remoteexec exec</c>.</summary>
internal static class ExecCommand
{
    /// <summary>What to try.</summary>
    public const string Examples =
        """
        remoteexec exec sha256:0c9e…/142
        remoteexec exec sha256:0c9e…/142 --no-cache --download out
        """;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var digest = new Argument<string>("ACTION") { Description = "the digest of an action that is in the CAS, HASH/SIZE: 'run' prints it, and so do builds" };
        var noCache = new Option<bool>("--no-cache") { Description = "run it even if its result is in the cache; what comes of it takes the place of that" };
        var command = new Command("exec", "Runs an action that is in the CAS already: shows what it writes, and ends with its exit code (125 and 124 are our own).") { digest, noCache };
        var flags = new RunFlags(command, "the directory that outputs are fetched to [default: they are not fetched]");
        command.SetAction(result =>
        {
            Digest wanted = ActionArgument.Parse(flags.Server.InstanceOf(result), result.GetValue(digest)!);
            ActionRun run = flags.Read(result, namesOutputs: false, terminal);
            return flags.Server.ConnectAsync(result, async (server, cancellationToken) =>
                await run.RunAsync(await StoredAction.LoadAsync(server.Cas, wanted, cancellationToken), result.GetValue(noCache), 0, server, cancellationToken));
        });
        return command;
    }
}
