using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Benchmarks.Soak;

/// <summary>The real server over a data directory of its own; it is killed, or asked to stop, and started again on the same port.</summary>
internal sealed partial class SoakServer(string program, string data, string maxSize) : IAsyncDisposable
{
    private string address = "127.0.0.1:0";
    private Process? process;
    private Task output = Task.CompletedTask;

    /// <summary>How many times it was started.</summary>
    public int Starts { get; private set; }

    /// <summary>The longest that a start took until it was ready.</summary>
    public TimeSpan LongestStart { get; private set; }

    /// <summary>Where it listens; the same after every start.</summary>
    public RpcAddress Address => RpcAddress.Parse($"grpc://{address}");

    /// <summary>Starts it and waits until it is ready.</summary>
    public async Task StartAsync()
    {
        long started = Stopwatch.GetTimestamp();
        process = Process.Start(new ProcessStartInfo(program, ["serve", "--data", data, "--grpc", address, "--http", "127.0.0.1:0", "--workers", "0", "--max-size", maxSize])
        {
            RedirectStandardOutput = true,
        })!;
        List<string> lines = [];
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            lines.Add(line);
            if (Ready().Match(line) is not { Success: true } ready)
                continue;
            address = ready.Groups["grpc"].Value;
            Starts++;
            TimeSpan took = Stopwatch.GetElapsedTime(started);
            LongestStart = took > LongestStart ? took : LongestStart;
            output = process.StandardOutput.ReadToEndAsync();
            return;
        }

        await process.WaitForExitAsync();
        throw new InvalidOperationException($"the server ended with {process.ExitCode} before it was ready:\n{string.Join('\n', lines)}");
    }

    /// <summary>Kills it, as the system does when memory is short.</summary>
    public async Task KillAsync()
    {
        process!.Kill();
        await EndAsync();
    }

    /// <summary>Asks it to stop, and waits until it has.</summary>
    public async Task StopAsync()
    {
        using Process kill = Process.Start("kill", ["-TERM", process!.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        await EndAsync();
    }

    /// <summary>The memory it has, in bytes, and how many files it has open; null while it is being started again.</summary>
    public (long Memory, int Files)? Measure()
    {
        try
        {
            string status = File.ReadAllText($"/proc/{process!.Id}/status");
            long kibibytes = long.Parse(Resident().Match(status).Groups["kb"].Value, CultureInfo.InvariantCulture);
            return (kibibytes << 10, Directory.GetFiles($"/proc/{process.Id}/fd").Length);
        }
        catch (Exception exception) when (exception is IOException or FormatException or UnauthorizedAccessException)
        {
            return null; // it has just been killed
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (process is { HasExited: false })
            await KillAsync();
        process?.Dispose();
    }

    private async Task EndAsync()
    {
        await process!.WaitForExitAsync();
        await output;
    }

    [GeneratedRegex(@"^ready: gRPC on (?<grpc>[^,;]+)")]
    private static partial Regex Ready();

    [GeneratedRegex(@"^VmRSS:\s+(?<kb>\d+) kB", RegexOptions.Multiline)]
    private static partial Regex Resident();
}
