using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace RemoteExec.Benchmarks.Uploads;

/// <summary>A real server in a process of its own, with an empty directory, and what the system says of it.</summary>
internal sealed partial class MeasuredServer : IAsyncDisposable
{
    private static int count;
    private readonly DirectoryInfo directory = Directory.CreateDirectory(Path.Combine("artifacts", "bench", $"server-{Environment.ProcessId}-{Interlocked.Increment(ref count)}"));
    private Process process = null!;

    private MeasuredServer()
    {
    }

    /// <summary>Where it speaks gRPC, <c>127.0.0.1:PORT</c>.</summary>
    public string Grpc { get; private set; } = "";

    /// <summary>Where it speaks HTTP.</summary>
    public string Http { get; private set; } = "";

    /// <summary>The memory that lies in RAM, in bytes.</summary>
    public long ResidentBytes => StatusOf("VmRSS");

    /// <summary>The part of it that is not of files.</summary>
    public long AnonymousBytes => StatusOf("RssAnon");

    /// <summary>CPU time since the start.</summary>
    public TimeSpan Cpu
    {
        get
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
    }

    /// <summary>Starts a program, with flags that come behind ours.</summary>
    /// <exception cref="InvalidOperationException">It ended, and did not get ready.</exception>
    public static async Task<MeasuredServer> StartAsync(string program, IEnumerable<string> flags, string workers = "0")
    {
        var server = new MeasuredServer();
        var start = new ProcessStartInfo(
            program, ["serve", "--data", server.directory.FullName, "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", "--workers", workers, "--max-size", "24GiB", .. flags])
        {
            RedirectStandardOutput = true,
        };
        server.process = Process.Start(start)!;
        while (await server.process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (Ready().Match(line) is not { Success: true } ready)
                continue;
            (server.Grpc, server.Http) = (ready.Groups["grpc"].Value, ready.Groups["http"].Value);
            return server;
        }

        throw new InvalidOperationException("the server ended before it was ready");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        directory.Delete(recursive: true);
    }

    private long StatusOf(string field)
    {
        string line = File.ReadLines($"/proc/{process.Id}/status").First(line => line.StartsWith(field + ":", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }

    [GeneratedRegex("^ready: gRPC on (?<grpc>[^,;]+), HTTP cache on (?<http>[^,;]+)")]
    private static partial Regex Ready();
}
