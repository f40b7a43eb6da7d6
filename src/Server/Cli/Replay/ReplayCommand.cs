using System.CommandLine;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Server.Cli.Trees;
using RemoteExec.Worker.Replay;

namespace RemoteExec.Server.Cli.Replay;

/// <summary><c>remoteexec replay</c>: runs a past action on this machine, as a worker would, and tells what comes out otherwise; or gives a shell in its place.</summary>
internal static class ReplayCommand
{
    /// <summary>What to try.</summary>
    public const string Examples =
        """
        remoteexec replay operations/6f9c2a4e-0000-4000-8000-000000000000
        remoteexec replay sha256:1b67…/142 --shell
        remoteexec replay sha256:1b67…/142 --keep replayed --json
        """;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var what = new Argument<string>("ACTION|OPERATION") { Description = "the action's digest, [FUNCTION:]HASH/SIZE; or an operation's name, as 'operations list --done' has it" };
        var shell = new Option<bool>("--shell") { Description = "give a shell in the sandbox, in the place of the action's command, which a script in it runs" };
        var keep = new Option<string?>("--keep") { HelpName = "DIR", Description = "leave inputs and outputs there, as they are in the end: a new or empty directory; without it, nothing is left" };
        var json = new Option<bool>("--json") { Description = "print what came of it as JSON; what the command writes goes to standard error" };
        var instance = new Option<string>("--instance") { HelpName = "NAME", Description = "the action's instance, if its digest is given [default: the one without a name]", DefaultValueFactory = _ => "" };
        var command = new Command(
            "replay",
            "Runs a past action again, on this machine and in the sandbox that a worker has here, and tells what differs from the recorded result. Nothing is uploaded. "
            + $"Ends with the exit code of the command; with {ExitCode.NotVerified} if that is as recorded, but something else differs; with {ExitCode.NotRun} if it could not be run.")
        {
            what, shell, keep, json,
        };
        SettingFlags settings = new SettingFlags(command, "worker.sandbox.hostPaths=[/usr,/opt/tools]")
            .Add("--tier", "TIER", "worker.sandbox.tier", "the sandbox: cached-trees, namespaces or directory [default: the highest that works here]");
        ServerConnection connection = ServerConnection.OfClient(command);
        command.Add(instance);
        command.SetAction(result =>
        {
            if (result.GetValue(shell) && result.GetValue(json))
                throw new UsageException("--json: what is done in a shell has no answer; leave out one of --json and --shell");
            var request = new ReplayRequest(result.GetValue(what)!, DigestArgument.Instance(result.GetValue(instance)!))
            {
                Shell = result.GetValue(shell),
                Json = result.GetValue(json),
                Keep = KeptDirectory(result.GetValue(keep)),
                Worker = ReplayScratch.OptionsOf(settings.Load(result).Worker),
            };
            request.CheckName();
            return GuardAsync(terminal, async stopping =>
            {
                await using var server = ReplayServer.Open(connection, result, request);
                return await new ReplayRun(request, server, terminal).RunAsync(stopping);
            });
        });
        return command;
    }

    // What goes wrong here must not look as if the action's command had failed.
    private static async Task<int> GuardAsync(Terminal terminal, Func<CancellationToken, Task<int>> run)
    {
        using var signals = new StopSignals(withHangup: true);
        try
        {
            return await run(signals.Stopping);
        }
        catch (OperationCanceledException) when (signals.Stopping.IsCancellationRequested)
        {
            return ExitCode.Interrupted;
        }
        catch (Exception exception) when (Explain(exception) is { } text)
        {
            foreach (string line in text.Split('\n'))
                terminal.WriteError(new Cell(line).Text); // which may have names out of a tree
            return ExitCode.NotRun;
        }
    }

    private static string? Explain(Exception exception) => exception switch
    {
        StoreUnavailableException when RpcRefusal.Find(exception) is { } reason =>
            $"the server does not let you read the action: {reason}; show it a token of somebody who may, with --token-file",
        StoreUnavailableException local when local.Store == ReplayScratch.Blobs => $"what is fetched can't be kept: {local.InnerException?.Message}; choose another place than {ReplayScratch.Blobs} with the variable XDG_CACHE_HOME",
        StoreUnavailableException => $"{exception.Message}; name the gRPC address of a server that runs with --server",
        ReplayException or StartupException or CasException or IOException or UnauthorizedAccessException => exception.Message,
        _ => null,
    };

    private static string? KeptDirectory(string? named)
    {
        if (named is null)
            return null;
        string path = Path.GetFullPath(named);
        if (File.Exists(path) || (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any()))
            throw new UsageException($"--keep: '{named}' is there, and not an empty directory: name a new one");
        return path;
    }
}
