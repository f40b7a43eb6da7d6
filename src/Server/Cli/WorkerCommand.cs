using System.CommandLine;

namespace RemoteExec.Server.Cli;

/// <summary><c>remoteexec worker</c>: runs actions for a server elsewhere until a signal.</summary>
internal static class WorkerCommand
{
    /// <summary>Command lines to start from.</summary>
    public const string Examples =
        """
        remoteexec worker --server grpc://build-server:8982 --slots 16
        """;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var server = new Option<string>("--server") { HelpName = "URL", Required = true, Description = "the server's worker listener (serve --worker-listen): grpc://host:port, grpcs://host:port or unix:/path" };
        var command = new Command("worker", "Runs actions for a server on another machine until SIGTERM or SIGINT, which lets what runs end or hands it back.") { server };
        SettingFlags flags = new SettingFlags(command)
            .Add("--data", "DIR", "data", "where inputs are cached and actions run [default: $XDG_DATA_HOME/remoteexec, that is ~/.local/share/remoteexec]")
            .Add("--slots", "N", "worker.slots", "how many actions run at a time [default: one for each core]")
            .Add("--name", "NAME", "worker.name", "the worker's name in results [default: the host's name]");
        command.SetAction((_, _) => Task.FromResult(0));
        return command;
    }
}
