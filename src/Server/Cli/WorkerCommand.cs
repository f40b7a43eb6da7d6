using System.CommandLine;
using Microsoft.Extensions.Logging;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Configuration;
using RemoteExec.Server.Hosting;
using RemoteExec.Server.Telemetry;
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
        remoteexec worker --probe                  which sandbox would actions have here?
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
            .Add("--name", "NAME", "worker.name", "the worker's name in results [default: the host's name]")
            .Add("--http", "ADDR:PORT|unix:PATH", "worker.http", "where to serve /metrics [default: nowhere]");
        var audit = new Option<bool>("--audit") { Description = "write down what each action opens, executes, looks at and connects to (worker.sandbox.audit.reads); 'remoteexec audit' shows it" };
        var verbose = new Option<bool>("--verbose") { Description = "log every action" };
        var probe = new Option<bool>("--probe") { Description = "tell which sandbox actions would have on this machine, and why no better one; needs no --server" };
        var json = new Option<bool>("--json") { Description = "with --probe: as JSON" };
        command.Add(audit);
        command.Add(verbose);
        command.Add(probe);
        command.Add(json);
        command.SetAction((result, _) => result.GetValue(probe)
            ? ProbeAsync(flags.Load(result), result.GetValue(json), terminal)
            : RunAsync(server, result, WithAudit(flags.Load(result), result.GetValue(audit)), result.GetValue(verbose), terminal));
        return command;
    }

    private static ServerOptions WithAudit(ServerOptions options, bool isWanted)
    {
        WorkerSandboxOptions sandbox = options.Worker.Sandbox;
        return !isWanted ? options : options with { Worker = options.Worker with { Sandbox = sandbox with { Audit = sandbox.Audit with { Reads = true } } } };
    }

    private static Task<int> ProbeAsync(ServerOptions options, bool json, Terminal terminal) =>
        SandboxProbeCommand.RunAsync(WorkerSettings.ToOptions(options.Worker, DataDirectories.Prepare(options.Data)), json, terminal);

    private static async Task<int> RunAsync(ServerConnection server, ParseResult flags, ServerOptions options, bool verbose, Terminal terminal)
    {
        WorkerOptions worker = WorkerSettings.ToOptions(options.Worker, DataDirectories.Prepare(options.Data));
        using ILoggerFactory loggers = Logging.Create(verbose, options.Log.Format);
        using var signals = new StopSignals();
        await using RpcChannel channel = server.Open(flags, loggers.CreateLogger<WorkerLoop>(), TimeProvider.System, () => WorkerLoop.AuthorizationOfAction);
        var cas = new EmptyBlobStore(new SingleFlightStore(new RemoteStore(channel, RemoteStore.DefaultPatience, TimeProvider.System, gathers: true)));
        using var telemetry = new ServerTelemetry(options.Telemetry, "remoteexec-worker");
        await using ServerHost? host = await ServeAsync(options, telemetry, loggers, signals.Stopping);
        using var meters = new Meters();
        var loop = new WorkerLoop(worker, cas, channel, loggers.CreateLogger<WorkerLoop>(), TimeProvider.System) { Meters = meters.Factory };
        terminal.WriteLine($"started: worker '{worker.Name}' runs {Banner.ActionsAtATime(worker.Slots)} for {channel.Address}; scratch in {worker.ScratchDirectory}{MetricsOn(host)}", Tone.Good);
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

    private static async Task<ServerHost?> ServeAsync(ServerOptions options, ServerTelemetry telemetry, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        if (options.Worker.Http.Count == 0)
            return null;
        var serving = new ServerHostOptions
        {
            Listeners = [.. options.Worker.Http.Select(address => new Listener(ListenerKind.Http, address, "--http"))],
            Services = [],
            MapHttp = application => telemetry.Metrics?.Map(application),
        };
        return await ServerHost.StartAsync(serving, loggers, TimeProvider.System, cancellationToken);
    }

    private static string MetricsOn(ServerHost? host) =>
        host is null ? "" : $"; metrics on {string.Join(", ", host.Listeners.Select(listener => listener.Address))}";
}
