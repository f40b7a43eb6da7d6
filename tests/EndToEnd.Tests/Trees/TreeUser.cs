using System.Text.Json;

namespace RemoteExec.EndToEnd.Tests.Trees;

/// <summary>Somebody who pushes and pulls directories by the program, with a place to work in and a cache of his own.</summary>
/// <param name="server">The server.</param>
/// <param name="link">The way there; null for a straight one.</param>
internal sealed class TreeUser(ServerProcess server, FaultyLink? link = null) : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    /// <summary>A path in the place to work in.</summary>
    public string this[params ReadOnlySpan<string> path] => directory[["work", .. path]];

    /// <summary>Starts a command, and does not wait for it.</summary>
    public ChildProcess Start(params IReadOnlyList<string> arguments)
    {
        Directory.CreateDirectory(directory["work"]);
        return ChildProcess.Start(
            ServerProcess.Program, arguments, directory["work"], new Dictionary<string, string?> { ["XDG_CACHE_HOME"] = directory["cache"], ["REMOTEEXEC_SERVER"] = $"grpc://{link?.Address.ToString() ?? server.GrpcAddress}" });
    }

    /// <summary>Runs a command; returns what it printed.</summary>
    public async Task<string> RunAsync(params string[] arguments)
    {
        await using ChildProcess process = Start(arguments);
        int code = await process.WaitForExitAsync();
        Assert.True(code == 0, $"{string.Join(' ', arguments)}: {process.Output}");
        return process.Output;
    }

    /// <summary>Runs a command that is to fail; returns what it said.</summary>
    public async Task<string> FailAsync(params string[] arguments)
    {
        await using ChildProcess process = Start(arguments);
        Assert.Equal(1, await process.WaitForExitAsync());
        return process.Output;
    }

    /// <summary>Runs a command; returns what it told as JSON.</summary>
    public async Task<JsonElement> AskAsync(params string[] arguments) => JsonDocument.Parse(await RunAsync([.. arguments, "--json"])).RootElement;

    /// <summary>Runs a script, for which <c>remoteexec</c> is the program, and the server the one on this machine.</summary>
    public async Task<string> ShellAsync(string script)
    {
        Directory.CreateDirectory(directory["work"]);
        Directory.CreateDirectory(directory["bin"]);
        File.WriteAllText(directory["bin", "remoteexec"], $"#!/bin/sh\nexec '{ServerProcess.Program}' \"$@\"\n");
        File.SetUnixFileMode(directory["bin", "remoteexec"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
        await using ChildProcess shell = ChildProcess.Start("bash", ["-euo", "pipefail", "-c", script], directory["work"], new Dictionary<string, string?>
        {
            ["PATH"] = $"{directory["bin"]}:{Environment.GetEnvironmentVariable("PATH")}",
            ["XDG_CACHE_HOME"] = directory["cache"],
            ["REMOTEEXEC_SERVER"] = $"grpc://{server.GrpcAddress}",
        });
        int code = await shell.WaitForExitAsync();
        Assert.True(code == 0, $"{script}\n{shell.Output}");
        return shell.Output;
    }

    /// <summary>Writes a file, and the directories that it is in.</summary>
    public void Write(string path, byte[] content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(this[path])!);
        File.WriteAllBytes(this[path], content);
    }

    public void Dispose() => directory.Dispose();
}
