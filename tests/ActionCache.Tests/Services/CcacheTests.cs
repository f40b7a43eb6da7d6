using System.Diagnostics;

namespace RemoteExec.ActionCache.Tests.Services;

/// <summary>The real ccache against the HTTP cache.</summary>
public sealed class CcacheTests : IAsyncLifetime
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("remoteexec-ccache-");
    private TestServer server = null!;

    public async ValueTask InitializeAsync() => server = await TestServer.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        directory.Delete(recursive: true);
    }

    [Theory]
    [InlineData("bazel")]
    [InlineData("flat")]
    [InlineData("subdirs")]
    public async Task What_one_ccache_compiled_another_finds(string layout)
    {
        bool found = IsInstalled("ccache") && IsInstalled("gcc");
        if (Environment.GetEnvironmentVariable("CI") != "true")
            Assert.SkipUnless(found, "ccache and gcc are not installed");
        Assert.True(found, "install ccache and gcc");
        string source = Path.Combine(directory.FullName, "a.c");
        await File.WriteAllTextAsync(source, "int main(void) { return 0; }\n", TestContext.Current.CancellationToken);

        await CompileAsync("one", layout, source);
        byte[] first = await File.ReadAllBytesAsync(Path.ChangeExtension(source, ".o"), TestContext.Current.CancellationToken);
        await CompileAsync("two", layout, source);

        Assert.Contains("remote_storage_hit\t0", await RunAsync("one", layout, "--print-stats"));
        Assert.Contains("remote_storage_hit\t1", await RunAsync("two", layout, "--print-stats"));
        string statistics = await RunAsync("two", layout, "--print-stats");
        Assert.True(statistics.Contains("remote_storage_error\t0", StringComparison.Ordinal), $"{statistics}\n{await File.ReadAllTextAsync(LogOf("two"), TestContext.Current.CancellationToken)}");
        Assert.Equal(first, await File.ReadAllBytesAsync(Path.ChangeExtension(source, ".o"), TestContext.Current.CancellationToken));
    }

    private static bool IsInstalled(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(path => File.Exists(Path.Combine(path, program)));

    private string LogOf(string user) => Path.Combine(directory.FullName, $"{user}.log");

    private Task<string> CompileAsync(string user, string layout, string source) =>
        RunAsync(user, layout, "gcc", "-c", source, "-o", Path.ChangeExtension(source, ".o"));

    // Each user has a local cache of its own, so only the server is common to them.
    private async Task<string> RunAsync(string user, string layout, params string[] arguments)
    {
        var start = new ProcessStartInfo("ccache", arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = directory.FullName,
            Environment =
            {
                ["CCACHE_DIR"] = Path.Combine(directory.FullName, user),
                ["CCACHE_LOGFILE"] = LogOf(user),
                ["CCACHE_REMOTE_STORAGE"] = $"{server.Http.BaseAddress}|layout={layout}|connect-timeout=30000|operation-timeout=60000",
            },
        };
        using var process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, await errors);
        return output;
    }
}
