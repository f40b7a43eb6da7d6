using System.Diagnostics;

namespace RemoteExec.EndToEnd.Tests;

/// <summary>The package manager of JavaScript, with what is written down in a directory's lock file.</summary>
internal static class Npm
{
    /// <summary>Installs what the directory's package.json asks for.</summary>
    public static async Task InstallAsync(string directory)
    {
        (int exitCode, string output) = await RunAsync(directory, "ci", "--no-audit", "--no-fund");
        Assert.True(exitCode == 0, $"npm ci: {output}");
    }

    /// <summary>Runs one of the directory's scripts. Returns its exit code and what it printed.</summary>
    public static Task<(int ExitCode, string Output)> RunScriptAsync(string directory, string name) => RunAsync(directory, "run", name);

    private static async Task<(int ExitCode, string Output)> RunAsync(string directory, params string[] arguments)
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        using Process npm = Process.Start(new ProcessStartInfo("npm", arguments) { WorkingDirectory = directory, RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> output = npm.StandardOutput.ReadToEndAsync(token), errors = npm.StandardError.ReadToEndAsync(token);
        await npm.WaitForExitAsync(token);
        return (npm.ExitCode, await output + await errors);
    }
}
