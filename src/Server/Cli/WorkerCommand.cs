using System.CommandLine;
using Microsoft.Extensions.Logging;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Configuration;
using RemoteExec.Server.Hosting;
using RemoteExec.Worker;

namespace RemoteExec.Server.Cli;

/// <summary><c>remoteexec worker</c>: runs actions for a server elsewhere until a signal.</summary>
internal static class WorkerCommand
{
    /// <summary>Command lines to start from.</summary>
    public const string Examples =
        """
        remoteexec worker --server grpc://build-server:8982 --token-file /etc/remoteexec/worker-token --slots 16
        remoteexec worker --server grpcs://build-1:8982 --server grpcs://build-2:8982 --ca ca.pem --cert worker.pem --key worker.key
        """;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var command = new Command("worker", "Runs actions for a server on another machine until SIGTERM or SIGINT, which lets what runs end or hands it back.");
        ServerConnection server = ServerConnection.OfWorker(
            command,
            "the server's worker listener (serve --worker-listen): grpc://host:port, grpcs://host:port or unix:/path; may be repeated for servers of one cluster, of which one is used as long as it answers");
        SettingFlags flags = new SettingFlags(command, "worker.cacheBytes=50GiB")
            .Add("--data", "DIR", "data", "where inputs are cached and actions run [default: $XDG_DATA_HOME/remoteexec, that is ~/.local/share/remoteexec]")
            .Add("--slots", "N", "worker.slots", "how many actions run at a time [default: one for each core]")
            .Add("--name", "NAME", "worker.name", "the worker's name in results [default: the host's name]");
        var verbose = new Option<bool>("--verbose") { Description = "log every action" };
        command.Add(verbose);
        command.SetAction((result, _) => RunAsync(server, result, flags.Load(result), result.GetValue(verbose), terminal));
        return command;
    }

    private static async Task<int> RunAsync(ServerConnection server, ParseResult flags, ServerOptions options, bool verbose, Terminal terminal)
    {
        WorkerOptions worker = WorkerSettings.ToOptions(options.Worker, DataDirectories.Prepare(options.Data));
        using ILoggerFactory loggers = Logging.Create(verbose);
        using var signals = new StopSignals();
        await using RpcChannel channel = server.Open(flags, loggers.CreateLogger<WorkerLoop>(), TimeProvider.System);
        var cas = new EmptyBlobStore(new SingleFlightStore(new RemoteStore(channel, RemoteStore.DefaultPatience, TimeProvider.System)));
        var loop = new WorkerLoop(worker, cas, channel, loggers.CreateLogger<WorkerLoop>(), TimeProvider.System);
        terminal.WriteLine($"started: worker '{worker.Name}' runs {Banner.ActionsAtATime(worker.Slots)} for {channel.Address}; scratch in {worker.ScratchDirectory}", Tone.Good);
        try
        {
            await using CancellationTokenRegistration stopping = signals.Stopping.Register(() => terminal.WriteLine(
                $"stopping: actions that run have {worker.GracePeriod.TotalSeconds:0} s to end; interrupt again to quit at once", Tone.Faint));
            await loop.RunAsync(signals.Stopping);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            throw new StartupException($"the worker can't run: {exception.Message} (change --data, or the settings worker.scratch and worker.separateUsers)", exception);
        }

        return ExitCode.Ok;
    }
}
