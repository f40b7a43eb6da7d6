using System.Text.Json;

namespace RemoteExec.EndToEnd.Tests.Images;

/// <summary>Somebody who builds images: with a directory to work in, and a cache and names of his own.</summary>
internal sealed class ImageClient(ServerProcess server) : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    /// <summary>Where commands run.</summary>
    public string Directory => System.IO.Directory.CreateDirectory(directory["work"]).FullName;

    /// <summary>A file where commands run.</summary>
    public string this[params ReadOnlySpan<string> path] => Path.Combine([Directory, .. path]);

    /// <summary>Runs a script, for which <c>remoteexec</c> is the program, and the server the one on this machine.</summary>
    public async Task<string> ShellAsync(string script)
    {
        string programs = System.IO.Directory.CreateDirectory(directory["bin"]).FullName;
        string program = Path.Combine(programs, "remoteexec");
        File.WriteAllText(program, $"""
            #!/bin/sh
            [ "$2" = ls ] || set -- "$@" --server grpc://{server.GrpcAddress}
            exec '{ServerProcess.Program}' "$@"
            """);
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        await using ChildProcess shell = ChildProcess.Start("bash", ["-euo", "pipefail", "-c", script], Directory, new Dictionary<string, string?>
        {
            ["PATH"] = $"{programs}:{Environment.GetEnvironmentVariable("PATH")}",
            ["XDG_CACHE_HOME"] = directory["cache"],
            ["XDG_DATA_HOME"] = directory["data"],
        });
        int code = await shell.WaitForExitAsync();
        Assert.True(code == 0, $"{script}\n{shell.Output}");
        return shell.Output;
    }

    /// <summary>Builds a recipe, and returns what is told of it as JSON.</summary>
    public async Task<JsonElement> BuildAsync(string recipe) => JsonDocument.Parse(await ShellAsync($"remoteexec image build {recipe} --tag {Path.GetFileNameWithoutExtension(recipe)} --json")).RootElement;

    public void Dispose() => directory.Dispose();
}
