using RemoteExec.Server.Hosting;

namespace RemoteExec.Server.Cli;

/// <summary>What a server says once it accepts connections: the lines to paste into a client's configuration, and a last one that begins with "ready".</summary>
internal static class Banner
{
    /// <summary>Writes it.</summary>
    public static void Write(RunningServer server, Terminal terminal)
    {
        string? grpc = UrlOf(server, ListenerKind.Grpc, server.IsEncrypted ? "grpcs" : "grpc");
        string? http = UrlOf(server, ListenerKind.Http, server.IsEncrypted ? "https" : "http");
        if (grpc is not null)
        {
            terminal.WriteLine("# Bazel, in .bazelrc; then: bazel build --config=cache (or remote, or http-cache) //...", Tone.Faint);
            terminal.WriteLine($"build:cache --remote_cache={grpc}");
            if (server.IsExecutionOffered)
                terminal.WriteLine($"build:remote --remote_executor={grpc}");
            if (http is not null)
                terminal.WriteLine($"build:http-cache --remote_cache={http}");
            if (!grpc.StartsWith("unix:", StringComparison.Ordinal)) // Pants knows no UNIX sockets
                WritePants(grpc, server.IsExecutionOffered, terminal);
        }

        IEnumerable<string> addresses = server.Listeners.Select(listener => $"{NameOf(listener.Kind)} on {listener.Address}");
        terminal.WriteLine($"ready: {string.Join(", ", addresses)}; {Capacity(server)}; data in {server.DataDirectory}", Tone.Good);
    }

    /// <summary>What so many slots do.</summary>
    public static string ActionsAtATime(int slots) => slots == 1 ? "1 action at a time" : $"up to {slots} actions at a time";

    private static string? UrlOf(RunningServer server, ListenerKind kind, string scheme)
    {
        ListenAddress? address = server.Listeners.FirstOrDefault(listener => listener.Kind == kind)?.Address;
        if (address?.EndPoint is not { } endPoint)
            return address?.ToString();
        bool everywhere = endPoint.Address.Equals(System.Net.IPAddress.Any) || endPoint.Address.Equals(System.Net.IPAddress.IPv6Any);
        return $"{scheme}://{(everywhere ? $"{Environment.MachineName}:{endPoint.Port}" : endPoint)}";
    }

    private static string NameOf(ListenerKind kind) => kind switch
    {
        ListenerKind.Grpc => "gRPC",
        ListenerKind.Http => "HTTP cache",
        _ => "workers",
    };

    private static string Capacity(RunningServer server) => server switch
    {
        { IsExecutionOffered: false } => "cache only",
        { Slots: 0 } => "no worker here",
        _ => ActionsAtATime(server.Slots),
    };

    private static void WritePants(string grpc, bool executes, Terminal terminal)
    {
        terminal.WriteLine("# Pants, in pants.toml", Tone.Faint);
        terminal.WriteLine("[GLOBAL]");
        terminal.WriteLine($"remote_store_address = \"{grpc}\"");
        terminal.WriteLine("remote_cache_read = true");
        terminal.WriteLine("remote_cache_write = true");
        if (executes)
        {
            terminal.WriteLine($"remote_execution_address = \"{grpc}\"");
            terminal.WriteLine("remote_execution = true");
        }
    }
}
