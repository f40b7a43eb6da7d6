using System.Diagnostics;
using System.Globalization;
using RemoteExec.Fetching;

namespace RemoteExec.Assets.Git;

/// <summary>
/// Runs git in a repository of its own, with nothing of what this machine or a user has configured, no way to the network but a proxy, and limits to its memory and to each file. Nothing that comes with a repository is run: there are no hooks, filters or
/// submodules, and nobody is asked for a password.
/// </summary>
/// <param name="directory">A directory of its own; the repository is in it.</param>
/// <param name="proxy">The way to the network.</param>
/// <param name="headers">What is sent with each request, and not to where these may be sent on.</param>
/// <param name="options">How assets are fetched.</param>
internal sealed class GitProgram(string directory, FetchProxy proxy, IReadOnlyList<KeyValuePair<string, string>> headers, AssetFetchOptions options)
{
    private const int MaxMemory = 4 * 1024 * 1024; // of a process, in KiB
    private const int BlockBytes = 512;
    private const int MaxComplaints = 8 * 1024;
    private const string Limited = "ulimit -v \"$1\"; ulimit -f \"$2\"; shift 2; exec \"$0\" \"$@\"";

    /// <summary>Where the repository is.</summary>
    public string Repository { get; } = Path.Combine(directory, "repository");

    /// <summary>Runs a command of git to its end.</summary>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="read">Reads all that it prints; null if that does not matter.</param>
    /// <param name="cancellationToken">Kills it, and all that it has started.</param>
    public async Task<GitRun> RunAsync(IEnumerable<string> arguments, Func<StreamReader, Task>? read, CancellationToken cancellationToken)
    {
        long blocks = (options.MaxBytes / BlockBytes) + 1;
        var start = new ProcessStartInfo("/bin/sh", ["-c", Limited, options.Git, $"{MaxMemory}", blocks.ToString(CultureInfo.InvariantCulture), .. arguments])
        {
            WorkingDirectory = directory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string? path = Environment.GetEnvironmentVariable("PATH");
        start.Environment.Clear();
        foreach ((string name, string value) in Variables(path))
            start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        await using CancellationTokenRegistration killing = cancellationToken.UnsafeRegister(static git => Kill((Process)git!), process);
        process.StandardInput.Close();
        Task<string> complaints = ReadComplaintsAsync(process.StandardError);
        await (read ?? SkipAsync)(process.StandardOutput);
        string text = await complaints; // when all that it has started has ended
        await process.WaitForExitAsync(CancellationToken.None);
        cancellationToken.ThrowIfCancellationRequested();
        return new GitRun(process.ExitCode, text);
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It has ended.
        }
    }

    private static Task SkipAsync(StreamReader output) => output.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);

    private IEnumerable<(string Name, string Value)> Variables(string? path)
    {
        yield return ("PATH", path ?? "/usr/local/bin:/usr/bin:/bin");
        yield return ("HOME", directory);
        yield return ("LC_ALL", "C");
        yield return ("GIT_DIR", Repository);
        yield return ("GIT_CONFIG_NOSYSTEM", "1");
        yield return ("GIT_CONFIG_GLOBAL", "/dev/null");
        yield return ("GIT_ATTR_NOSYSTEM", "1");
        yield return ("GIT_ALLOW_PROTOCOL", "https");
        yield return ("https_proxy", proxy.Address); // for a git that knows no settings in variables
        yield return ("GIT_TERMINAL_PROMPT", "0");
        yield return ("GIT_ASKPASS", "/bin/false");
        (string Key, string Value)[] settings = [.. Settings()];
        yield return ("GIT_CONFIG_COUNT", $"{settings.Length}");
        for (int i = 0; i < settings.Length; i++)
        {
            yield return ($"GIT_CONFIG_KEY_{i}", settings[i].Key);
            yield return ($"GIT_CONFIG_VALUE_{i}", settings[i].Value);
        }
    }

    // Settings go by the environment, as headers are secrets, and everybody can read arguments.
    private IEnumerable<(string Key, string Value)> Settings()
    {
        yield return ("http.proxy", proxy.Address);
        yield return ("http.proxyAuthMethod", "basic");
        yield return ("http.followRedirects", headers.Count > 0 ? "false" : "initial");
        yield return ("http.lowSpeedLimit", "1");
        yield return ("http.lowSpeedTime", "60");
        if (options.CaFile is { } trusted)
            yield return ("http.sslCAInfo", trusted);
        foreach ((string name, string value) in headers)
            yield return ("http.extraHeader", $"{name}: {value}");
        yield return ("credential.helper", "");
        yield return ("core.hooksPath", "/dev/null");
        yield return ("core.bigFileThreshold", "16m");
        yield return ("core.packedGitLimit", "256m");
        yield return ("pack.threads", "1");
        yield return ("fetch.unpackLimit", "1");
        yield return ("fetch.recurseSubmodules", "false");
        yield return ("transfer.bundleURI", "false");
        yield return ("gc.auto", "0");
        yield return ("maintenance.auto", "false");
        yield return ("safe.directory", "*");
    }

    private static async Task<string> ReadComplaintsAsync(StreamReader errors)
    {
        string last = "";
        char[] buffer = new char[4096];
        for (int read; (read = await errors.ReadAsync(buffer, CancellationToken.None)) > 0;)
        {
            last += new string(buffer, 0, read);
            last = last.Length > MaxComplaints ? last[^MaxComplaints..] : last;
        }

        return last;
    }
}
