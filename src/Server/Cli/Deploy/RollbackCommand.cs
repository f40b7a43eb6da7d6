using System.CommandLine;
using RemoteExec.Server.Cli.Trees;
using RemoteExec.Trees.Deploy;

namespace RemoteExec.Server.Cli.Deploy;

/// <summary><c>remoteexec rollback</c>.</summary>
internal static class RollbackCommand
{
    /// <summary>What to try.</summary>
    public const string Examples =
        """
        remoteexec rollback /srv/app --post 'systemctl restart app'
        remoteexec rollback /srv/app --to 2
        remoteexec rollback /srv/app --to 3f2a9c0d --verify
        """;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var directory = new Argument<string>("DIR") { Description = "where releases are kept" };
        var to = new Option<string?>("--to") { HelpName = "N|DIGEST", Description = "which release: so many before the one in service, or its digest, or the beginning of its hash [default: the one before]" };
        var verify = new Option<bool>("--verify") { Description = "first read all of it, and make sure that nobody has changed it" };
        var json = new Option<bool>("--json") { Description = "print what came of it as JSON" };
        var command = new Command("rollback", "Puts a release into service that was before; no server is needed.") { directory, to, verify };
        var hooks = new HookFlags(command);
        command.Add(json);
        command.SetAction(result => TreeFlags.RunAsync(async cancellationToken =>
        {
            DeployDirectory releases = DeployDirectory.At(result.GetValue(directory)!);
            var rollback = new ReleaseRollback(releases, hooks.Of(result), result.GetValue(verify), hooks.Waits(result), TimeProvider.System);
            (Release now, Release? before) = await rollback.RunAsync(result.GetValue(to), cancellationToken);
            new DeployOutput(terminal, result.GetValue(json)).Tell(now, releases.PathOf(now.Name), before);
        }));
        return command;
    }
}
