using RemoteExec.EndToEnd.Tests.Trees;

namespace RemoteExec.EndToEnd.Tests.Python;

/// <summary>Somebody who has pip, in an environment of his own that knows nothing of this machine's, and fills an index by the program.</summary>
internal sealed class PipUser(ServerProcess server) : IDisposable
{
    private const string Interpreter = "/usr/bin/python3"; // another one in the PATH may have another pip, or none
    private readonly TreeUser user = new(server);

    /// <summary>What indexes are below.</summary>
    public string Index => $"http://{server.HttpAddress}/pypi";

    /// <summary>The program, as he uses it.</summary>
    public TreeUser Program => user;

    /// <summary>A path in the place to work in.</summary>
    public string this[params ReadOnlySpan<string> path] => user[path];

    /// <summary>Makes the environment.</summary>
    public async Task PrepareAsync()
    {
        Requires.True(File.Exists(Interpreter), "python3 is not installed: apt-get install python3 python3-venv");
        (int code, string output) = await RunAsync(Interpreter, "-m", "venv", this["env"]);
        Requires.True(code == 0, $"python3 makes no environments, apt-get install python3-venv: {output}");
    }

    /// <summary>Runs pip; returns what it printed.</summary>
    public async Task<string> PipAsync(params string[] arguments)
    {
        (int code, string output) = await RunAsync(this["env", "bin", "python"], ["-m", "pip", .. arguments]);
        Assert.True(code == 0, $"pip {string.Join(' ', arguments)}: {output}");
        return output;
    }

    /// <summary>Runs pip, which is to fail; returns what it printed.</summary>
    public async Task<string> FailAsync(params string[] arguments)
    {
        (int code, string output) = await RunAsync(this["env", "bin", "python"], ["-m", "pip", .. arguments]);
        Assert.True(code != 0, output);
        return output;
    }

    /// <summary>Runs a line of Python; returns what it printed.</summary>
    public async Task<string> PythonAsync(string line)
    {
        (int code, string output) = await RunAsync(this["env", "bin", "python"], "-c", line);
        Assert.True(code == 0, output);
        return output.Trim();
    }

    public void Dispose() => user.Dispose();

    private async Task<(int Code, string Output)> RunAsync(string program, params string[] arguments)
    {
        Directory.CreateDirectory(this[""]);
        var environment = Environment.GetEnvironmentVariables().Keys.Cast<string>().Where(name => name.StartsWith("PIP_", StringComparison.Ordinal) || name.StartsWith("PYTHON", StringComparison.Ordinal) || name.EndsWith("_proxy", StringComparison.OrdinalIgnoreCase))
            .ToDictionary(name => name, _ => (string?)null);
        environment["PIP_CONFIG_FILE"] = "/dev/null";
        environment["PIP_DISABLE_PIP_VERSION_CHECK"] = "1";
        environment["PIP_NO_CACHE_DIR"] = "1";
        environment["PIP_RETRIES"] = "1";
        await using ChildProcess process = ChildProcess.Start(program, arguments, this[""], environment);
        int code = await process.WaitForExitAsync();
        return (code, process.Output);
    }
}
