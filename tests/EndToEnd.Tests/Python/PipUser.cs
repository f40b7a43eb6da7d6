using RemoteExec.EndToEnd.Tests.Trees;

namespace RemoteExec.EndToEnd.Tests.Python;

/// <summary>Somebody who has pip, in an environment of his own that knows nothing of this machine's, and fills an index by the program.</summary>
internal sealed class PipUser : IDisposable
{
    private const string Interpreter = "/usr/bin/python3"; // another one in the PATH may have another pip, or none
    private readonly TreeUser user;

    public PipUser(ServerProcess server)
    {
        user = new TreeUser(server);
        Index = $"http://{server.HttpAddress}/pypi";
        Requires.True(File.Exists(Interpreter), "python3 is not installed: apt-get install python3 python3-venv");
    }

    /// <summary>What indexes are below.</summary>
    public string Index { get; }

    /// <summary>The program, as he uses it.</summary>
    public TreeUser Program => user;

    /// <summary>A path in the place to work in.</summary>
    public string this[params ReadOnlySpan<string> path] => user[path];

    /// <summary>Makes an environment, and returns its path.</summary>
    public async Task<string> CreateEnvironmentAsync(string name)
    {
        (int code, string output) = await RunAsync(Interpreter, "-m", "venv", this[name]);
        Requires.True(code == 0, $"python3 makes no environments, apt-get install python3-venv: {output}");
        return this[name];
    }

    /// <summary>Runs pip of an environment; returns what it printed.</summary>
    public async Task<string> PipAsync(string environment, params string[] arguments)
    {
        (int code, string output) = await RunAsync(Path.Combine(environment, "bin", "python"), ["-m", "pip", .. arguments]);
        Assert.True(code == 0, $"pip {string.Join(' ', arguments)}: {output}");
        return output;
    }

    /// <summary>Runs pip of an environment, which is to fail; returns what it printed.</summary>
    public async Task<string> FailAsync(string environment, params string[] arguments)
    {
        (int code, string output) = await RunAsync(Path.Combine(environment, "bin", "python"), ["-m", "pip", .. arguments]);
        Assert.True(code != 0, output);
        return output;
    }

    /// <summary>Runs a line of Python; returns what it printed.</summary>
    public async Task<string> PythonAsync(string environment, string line)
    {
        (int code, string output) = await RunAsync(Path.Combine(environment, "bin", "python"), "-c", line);
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
