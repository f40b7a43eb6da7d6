using System.CommandLine;
using System.Net.Security;
using System.Security.Cryptography;
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
        remoteexec worker --server grpc://build-server:8982 --slots 16
        """;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var server = new Option<string>("--server") { HelpName = "URL", Required = true, Description = "the server's worker listener (serve --worker-listen): grpc://host:port, grpcs://host:port or unix:/path" };
        var command = new Command("worker", "Runs actions for a server on another machine until SIGTERM or SIGINT, which lets what runs end or hands it back.") { server };
        var roots = new Option<string?>("--ca") { HelpName = "FILE", Description = "PEM file with the certificates to trust instead of the system's, for grpcs://" };
        command.Add(roots);
        SettingFlags flags = new SettingFlags(command, "worker.cacheBytes=50GiB")
            .Add("--data", "DIR", "data", "where inputs are cached and actions run [default: $XDG_DATA_HOME/remoteexec, that is ~/.local/share/remoteexec]")
            .Add("--slots", "N", "worker.slots", "how many actions run at a time [default: one for each core]")
            .Add("--name", "NAME", "worker.name", "the worker's name in results [default: the host's name]");
        var verbose = new Option<bool>("--verbose") { Description = "log every action" };
        command.Add(verbose);
        command.SetAction((result, _) => RunAsync(result.GetValue(server)!, result.GetValue(roots), flags.Load(result), result.GetValue(verbose), terminal));
        return command;
    }

    private static async Task<int> RunAsync(string server, string? roots, ServerOptions options, bool verbose, Terminal terminal)
    {
        if (!RpcAddress.TryParse(server, out RpcAddress? address, out string? error))
            throw new ConfigException([new ConfigProblem(new ConfigOrigin("--server"), "", error)]);
        WorkerOptions worker = WorkerSettings.ToOptions(options.Worker, DataDirectories.Prepare(options.Data));
        using ILoggerFactory loggers = Logging.Create(verbose);
        using var signals = new StopSignals();
        await using var channel = new RpcChannel(address, new RpcChannelOptions { Ssl = LoadRoots(roots) });
        var cas = new EmptyBlobStore(new SingleFlightStore(new RemoteStore(channel, RemoteStore.DefaultPatience, TimeProvider.System)));
        var loop = new WorkerLoop(worker, cas, channel, loggers.CreateLogger<WorkerLoop>(), TimeProvider.System);
        terminal.WriteLine($"started: worker '{worker.Name}' runs {Banner.ActionsAtATime(worker.Slots)} for {address}; scratch in {worker.ScratchDirectory}", Tone.Good);
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

    private static SslClientAuthenticationOptions? LoadRoots(string? file)
    {
        try
        {
            return file is null ? null : RpcTrust.InPemFile(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new StartupException($"--ca {file}: {(exception is CryptographicException ? exception.Message : IoReason.OfReading(file!, exception))}", exception);
        }
    }
}
