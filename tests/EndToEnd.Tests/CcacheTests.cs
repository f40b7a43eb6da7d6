namespace RemoteExec.EndToEnd.Tests;

/// <summary>ccache with nothing but the server's HTTP cache behind it, in each of the layouts it knows.</summary>
public sealed class CcacheTests
{
    [Theory]
    [InlineData("bazel")]
    [InlineData("flat")]
    [InlineData("subdirs")]
    public async Task What_one_machine_compiled_another_takes_from_the_cache(string layout)
    {
        Requires.Program("ccache", "ccache");
        Requires.Program("g++", "g++");
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0");
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(directory["hello.cc"], "int hello() { return 42; }\n", TestContext.Current.CancellationToken);

        Assert.Equal("1", await CompileAsync(directory, "first", server, layout, "cache_miss"));
        Assert.Equal("1", await CompileAsync(directory, "second", server, layout, "remote_storage_hit"));

        Assert.Equal(
            await File.ReadAllBytesAsync(directory["first.o"], TestContext.Current.CancellationToken),
            await File.ReadAllBytesAsync(directory["second.o"], TestContext.Current.CancellationToken));
    }

    /// <summary>Compiles as a machine whose local cache is empty, and returns one of ccache's counters.</summary>
    private static async Task<string> CompileAsync(TemporaryDirectory directory, string machine, ServerProcess server, string layout, string counter)
    {
        var environment = new Dictionary<string, string?>
        {
            ["CCACHE_DIR"] = directory[$"{machine}-ccache"],
            ["CCACHE_REMOTE_STORAGE"] = $"http://{server.HttpAddress}/|layout={layout}|connect-timeout=30000|operation-timeout=60000",
            ["CCACHE_REMOTE_ONLY"] = "true",
            ["CCACHE_NODIRECT"] = null,
        };
        await RunAsync(["g++", "-c", "hello.cc", "-o", $"{machine}.o"]);
        string counters = await RunAsync(["--print-stats"]);
        return counters.Split('\n').Select(line => line.Split('\t')).Single(line => line[0] == counter)[1];

        async Task<string> RunAsync(string[] arguments)
        {
            await using ChildProcess ccache = ChildProcess.Start("ccache", arguments, directory.FullPath, environment);
            Assert.True(await ccache.WaitForExitAsync() == 0, ccache.Output);
            return ccache.Output;
        }
    }
}
