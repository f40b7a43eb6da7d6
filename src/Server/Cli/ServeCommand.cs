using System.CommandLine;
using Microsoft.Extensions.Logging;
using RemoteExec.Server.Configuration;
using RemoteExec.Server.Hosting;
using RemoteExec.Server.Hosting.Systemd;

namespace RemoteExec.Server.Cli;

/// <summary><c>remoteexec serve</c>: runs the server until a signal.</summary>
internal static class ServeCommand
{
    /// <summary>Command lines to start from.</summary>
    public const string Examples =
        """
        remoteexec serve                                cache and execution on this machine, nothing to configure
        remoteexec serve --workers 0                    a cache only
        remoteexec serve --grpc 0.0.0.0:8980 --insecure --data /srv/remoteexec --max-size 200GiB     in a network of your own
        remoteexec serve --grpc unix:/run/remoteexec.sock --set 'listeners.http=[]'
        remoteexec serve --config remoteexec.yaml --set execution.maxTimeout=1h
        """;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var command = new Command("serve", "Runs the cache and execution server until SIGTERM or SIGINT, which lets what runs end.");
        SettingFlags flags = new SettingFlags(command, "cas.maxBlobBytes=1GiB")
            .Add("--data", "DIR", "data", "where everything is kept [default: $XDG_DATA_HOME/remoteexec, that is ~/.local/share/remoteexec]")
            .Add("--grpc", "ADDR:PORT|unix:PATH", "listeners.grpc", "where to serve the Remote Execution API [default: 127.0.0.1:8980]")
            .Add("--http", "ADDR:PORT|unix:PATH", "listeners.http", "where to serve the HTTP/1.1 cache and /metrics [default: 127.0.0.1:8981]")
            .Add("--workers", "N", "worker.slots", "how many actions run at a time; 0 for a cache only [default: one for each core]")
            .Add("--worker-listen", "ADDR:PORT|unix:PATH", "listeners.workers", "where workers on other machines may join; whoever reaches it can poison the cache [default: nowhere]")
            .AddSwitch("--insecure", "insecure", "let whoever reaches an address of other machines read, write and execute, without TLS or credentials; docs/security.md has the other way")
            .Add("--max-size", "SIZE", "maxSize", "how much of the disk the cache may use, as a size or a share [default: 10%]");
        flags.Add("--memory-limit", "SIZE", "memoryLimit", "how much memory the process may take, as a size or a share; actions not counted [default: what there is]");
        var verbose = new Option<bool>("--verbose") { Description = "log every call that fails, and what the server does" };
        command.Add(verbose);
        command.SetAction((result, _) => RunAsync(flags.Load(result), result.GetValue(verbose), terminal));
        return command;
    }

    private static async Task<int> RunAsync(ServerOptions options, bool verbose, Terminal terminal)
    {
        using ILoggerFactory loggers = Logging.Create(verbose, options.Log.Format);
        using var signals = new StopSignals();
        await using (RunningServer server = await RunningServer.StartAsync(options, loggers, TimeProvider.System, signals.Stopping))
        {
            Banner.Write(server, terminal);
            ServiceNotifier.Tell(ServiceNotifier.Ready);
            await server.RunAsync(signals.Stopping);
            ServiceNotifier.Tell(ServiceNotifier.Stopping);
            terminal.WriteLine($"stopping: actions that run have {RunningServer.DrainPatience.TotalSeconds:0} s to end; interrupt again to quit at once", Tone.Faint);
        }

        return ExitCode.Ok;
    }
}
