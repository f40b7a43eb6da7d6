using System.Diagnostics;

namespace RemoteExec.EndToEnd.Tests.Upgrades;

/// <summary>
/// Data of former versions, as their servers left it, opens: the disk's formats, and those in Redis. Each version leaves a sample when it is released: REMOTEEXEC_WRITE_SAMPLES=1 with these tests.
/// </summary>
public sealed class SampleTests
{
    private const string Archive = "data.tar.zst"; // of the data directory, and in it Redis's own, if there is one
    private static readonly string samples = Repository.Path("tests", "EndToEnd.Tests", "Upgrades", "Samples");

    public static TheoryData<string> All { get; } = [.. Directory.GetFiles(samples).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(All))]
    public async Task What_a_former_version_has_kept_opens(string sample) => await FindAsync(Path.Combine(samples, sample), isShared: sample.EndsWith("-redis.tar.zst", StringComparison.Ordinal));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_this_version_keeps_opens(bool isShared)
    {
        using var directory = new TemporaryDirectory();
        await MakeAsync(directory[Archive], isShared);

        await FindAsync(directory[Archive], isShared);

        if (Environment.GetEnvironmentVariable("REMOTEEXEC_WRITE_SAMPLES") == "1")
            File.Copy(directory[Archive], Path.Combine(samples, $"{await VersionAsync()}-{(isShared ? "redis" : "disk")}.tar.zst"), overwrite: true);
    }

    private static async Task MakeAsync(string archive, bool isShared)
    {
        await using RedisServer? redis = isShared ? await RedisServer.StartAsync() : null;
        await using ServerProcess server = await ServerProcess.StartAsync(null, data => ["--config", Configure(data, redis), "--workers", "0", "--worker-listen", "127.0.0.1:0"]);
        await SampleContent.PutAsync(server);
        if (redis is not null)
        {
            // What is told to other servers is there a moment later.
            for (int i = 0; !(await redis.AskAsync("keys", "*")).Contains(":stream", StringComparison.Ordinal) && i < 600; i++)
                await Task.Delay(100, TestContext.Current.CancellationToken);
        }

        Assert.Equal(0, await server.StopAsync());
        if (redis is not null)
        {
            Assert.Equal("OK\n", await redis.AskAsync("save"));
            File.Copy(Path.Combine(await DirectoryOfAsync(redis), "dump.rdb"), Path.Combine(server.DataPath, "dump.rdb"));
        }

        await RunAsync("sh", "-c", "tar -C \"$1\" --sort=name --owner=0 --group=0 --exclude='*.sock' --exclude=config.yaml -c . | zstd -q -19 -o \"$2\"", "sh", server.DataPath, archive);
    }

    private static async Task FindAsync(string archive, bool isShared)
    {
        RedisServer? redis = null;
        try
        {
            using var old = new TemporaryDirectory();
            await RunAsync("sh", "-c", "zstd -q -d -c \"$1\" | tar -x --no-same-owner -C \"$2\"", "sh", archive, old.FullPath);
            if (isShared)
                redis = await RedisServer.StartAsync("--dir", old.FullPath, "--dbfilename", "dump.rdb");
            await using ServerProcess server = await ServerProcess.StartAsync(null, data =>
            {
                using Process move = Process.Start("cp", ["-a", $"{old.FullPath}/.", data]);
                move.WaitForExit();
                return ["--config", Configure(data, redis), "--workers", "1"];
            });
            await SampleContent.FindAsync(server);
            Assert.Equal(0, await server.StopAsync());
            if (!isShared)
                await RunAsync(ServerProcess.Program, "doctor", "--data", server.DataPath);
        }
        finally
        {
            if (redis is not null)
                await redis.DisposeAsync();
        }
    }

    // Nothing in it may be over by the time a later version comes.
    private static string Configure(string data, RedisServer? redis)
    {
        string path = Path.Combine(data, "config.yaml");
        string shared = redis is null ? "" : $$"""
              scheduler: { ha: redis, redis: { endpoints: "{{redis.Endpoint}}" } }
            """;
        File.WriteAllText(path, $$"""
            stores:
              blobs: { segments: { path: "{{data}}/cas", maxBytes: 256MiB, compression: zstd } }
              results: {{(redis is null ? $$"""{ segments: { path: "{{data}}/ac", maxBytes: 64MiB } }""" : $$"""{ redis: { endpoints: "{{redis.Endpoint}}" } }""")}}
            cas: { store: blobs, chunking: always }
            actionCache: { store: results }
            execution:
              autoscaling: true
              noWorkerTimeout: 3650d
            {{shared}}
            builds:
              retention: 3650d
              {{(redis is null ? "" : $$"""shared: { redis: { endpoints: "{{redis.Endpoint}}" } }""")}}
            """);
        return path;
    }

    private static async Task<string> DirectoryOfAsync(RedisServer redis) => (await redis.AskAsync("config", "get", "dir")).Split('\n')[1].Trim();

    private static async Task<string> VersionAsync()
    {
        await using ChildProcess process = ChildProcess.Start(ServerProcess.Program, ["--version"]);
        Assert.Equal(0, await process.WaitForExitAsync());
        return process.Output.Split('+')[0].Trim();
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        await using ChildProcess process = ChildProcess.Start(program, arguments);
        Assert.True(await process.WaitForExitAsync() == 0, process.Output);
    }
}
