using Microsoft.Extensions.Logging;
using RemoteExec.Builds;
using RemoteExec.Builds.Records;
using RemoteExec.Builds.Sharing;
using RemoteExec.Builds.Tests.Records;
using RemoteExec.Integration.Tests.Redis;
using RemoteExec.Redis;

namespace RemoteExec.Integration.Tests.Builds;

/// <summary>The records of a server among several that share a Redis, in a file of its own; it can be stopped and started again.</summary>
internal sealed class SharingServer : IAsyncDisposable
{
    private readonly RedisConnectionOptions redis;
    private readonly SharingOptions options;
    private readonly string path;
    private BuildSharing? sharing;

    public SharingServer(RedisConnectionOptions redis, SharingOptions options, string path)
    {
        (this.redis, this.options, this.path) = (redis, options, path);
        Start();
    }

    public RecordingLogger Log { get; } = new();

    public BuildRecords Records { get; private set; } = null!;

    public SharingStatus Status => Records.Sharing!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Start()
    {
        using var factory = new LoggerFactory([Log]);
        ILogger logger = factory.CreateLogger<BuildSharing>();
        Records = BuildRecords.Open(path, new BuildRecordOptions(TimeSpan.FromDays(30), 1L << 30), TimeSpan.FromHours(3), logger, TimeProvider.System);
        sharing = new BuildSharing(redis, options, logger, TimeProvider.System);
        Records.ShareBy(sharing);
    }

    public async Task StopAsync()
    {
        if (sharing is null)
            return;
        await Records.DisposeAsync();
        await sharing.DisposeAsync();
        sharing = null;
    }

    public void Tell(ToldCall call) => call.Tell(Records.Observer);

    /// <summary>What it knows of a build, as far as a plain count goes; null if it knows none.</summary>
    public async Task<(ActionSums Sums, long Calls)?> FindAsync(string build) =>
        await Records.FindAsync(build, Token) is { } found ? (PlainCount.Comparable(found.Build.Sums), found.Build.Calls) : null;

    /// <summary>Waits until it knows of a build what a plain count of its calls says.</summary>
    public Task KnowsAsync(string build, List<ToldCall> calls, string message = "") => KnowsAsync(build, PlainCount.Of(calls), calls.Count, message);

    /// <summary>Waits until it knows something of a build.</summary>
    public async Task KnowsAsync(string build, ActionSums sums, long count, string message = "")
    {
        (ActionSums Sums, long Calls)? found = null;
        try
        {
            await RedisFixture.UntilAsync(async () => (found = await FindAsync(build)) == (sums, count));
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"{message}: {build} has come to {sums} with {count} calls, but {path} says {found} ({Status})");
        }
    }

    /// <summary>Waits until nothing of it waits for Redis.</summary>
    public Task UntilSentAsync() => RedisFixture.UntilAsync(async () =>
    {
        await Records.FlushAsync(Token);
        return Status.Waiting == 0;
    });

    public async ValueTask DisposeAsync() => await StopAsync();
}
