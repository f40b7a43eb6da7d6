using RemoteExec.Server.Hosting;
using RemoteExec.Server.WebConsole;

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
            string? events = EventFlags(server, grpc, http);
            string config = events is null ? "" : " --config=events";
            terminal.WriteLine($"build:cache --remote_cache={grpc}{config}");
            if (server.IsExecutionOffered)
                terminal.WriteLine($"build:remote --remote_executor={grpc}{config}");
            if (events is not null)
                terminal.WriteLine($"build:events {events}");
            if (http is not null)
                terminal.WriteLine($"build:http-cache --remote_cache={http}");
            if (!grpc.StartsWith("unix:", StringComparison.Ordinal)) // Pants knows no UNIX sockets
                WritePants(grpc, server.IsExecutionOffered, terminal);
        }

        if (http is not null)
            terminal.WriteLine($"# The console, for the browser: {http}/", Tone.Faint);
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

    // Bazel knows no UNIX sockets for it. That nothing was told must not fail a build that went well, as it would without the last flag.
    private static string? EventFlags(RunningServer server, string grpc, string? http)
    {
        if (!server.AreEventsTaken || grpc.StartsWith("unix:", StringComparison.Ordinal))
            return null;
        string results = http is null || http.StartsWith("unix:", StringComparison.Ordinal) ? "" : $" --bes_results_url={http}{ConsoleFiles.BuildPath}";
        return $"--bes_backend={grpc}{results} --bes_upload_mode=nowait_for_upload_complete";
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
