using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Configuration;
using RemoteExec.Server.Hosting;

namespace RemoteExec.Server.Tests;

/// <summary>Whole servers in this process, as the command line composes them.</summary>
internal static class TestServers
{
    /// <summary>Starts a server on free ports, with settings as of <c>--set</c>.</summary>
    public static Task<RunningServer> StartAsync(TemporaryDirectory data, params IEnumerable<string> settings) =>
        RunningServer.StartAsync(OptionsOf(data, settings), NullLoggerFactory.Instance, TimeProvider.System, TestContext.Current.CancellationToken);

    public static ServerOptions OptionsOf(TemporaryDirectory data, params IEnumerable<string> settings)
    {
        ConfigLoader loader = new ConfigLoader().AddText("test", $"data: {data.FullPath}\nmaxSize: 64MiB\nlisteners: {{ grpc: 127.0.0.1:0, http: 127.0.0.1:0 }}\nworker: {{ slots: 0 }}\n");
        foreach (string setting in settings)
            loader.AddSetting(setting);
        return loader.Load();
    }

    /// <summary>A channel to a server's first listener of a kind.</summary>
    public static RpcChannel Connect(RunningServer server, ListenerKind kind = ListenerKind.Grpc, RpcChannelOptions? options = null)
    {
        ListenAddress address = server.Listeners.First(listener => listener.Kind == kind).Address;
        string scheme = server.IsEncrypted ? "grpcs://" : "grpc://";
        return new RpcChannel(RpcAddress.Parse(address.SocketPath is null ? scheme + address : address.ToString()), options);
    }
}
