using System.Globalization;
using Microsoft.Extensions.Logging;
using RemoteExec.Cas;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Redis;

namespace RemoteExec.Integration.Tests.Redis;

/// <summary>Servers die, and others take their place; the store goes on by itself.</summary>
public sealed class RedisFailoverTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_cluster_is_written_and_read_again_after_one_of_its_primaries_was_killed()
    {
        await using RedisDeployment cluster = await RedisDeployment.StartAsync("cluster");
        await using RedisStore store = await RedisFixture.OpenAsync(cluster.ToConnection(RedisTopology.Cluster));
        TestBlob[] blobs = [.. Enumerable.Range(0, 60).Select(i => TestBlob.Random(i, 100))];
        Digest[] digests = [.. blobs.Select(blob => blob.Digest)];
        foreach (TestBlob blob in blobs)
            await store.WriteAllAsync(blob.Digest, blob.Content, Token);
        await WaitForReplicasAsync(cluster, blobs.Length);

        await cluster.KillAsync(cluster.BasePort + 1);

        await RedisFixture.UntilAsync(async () => (await store.FindMissingAsync(digests, Token)).Count == 0);
        foreach (TestBlob blob in blobs)
        {
            Assert.Equal(blob.Content, await store.ReadAllAsync(blob.Digest, 1000, Token));
            await store.WriteAllAsync(blob.Digest, "new"u8.ToArray(), Token);
            Assert.Equal("new"u8.ToArray(), await store.ReadAllAsync(blob.Digest, 1000, Token));
        }
    }

    [Fact]
    public async Task The_primary_that_sentinels_choose_takes_the_place_of_one_that_was_killed()
    {
        await using RedisDeployment servers = await RedisDeployment.StartAsync("sentinel");
        await using RedisStore store = await RedisFixture.OpenAsync(servers.ToConnection(RedisTopology.Sentinel));
        TestBlob blob = TestBlob.Random(1, 100), late = TestBlob.Random(2, 100);
        await store.WriteAllAsync(blob.Digest, blob.Content, Token);
        Assert.Equal("2", (await RedisCli.AskAsync(servers.BasePort, "wait", "2", "5000")).Trim());

        await servers.KillAsync(servers.BasePort);

        await RedisFixture.UntilAsync(async () => await store.ContainsAsync(blob.Digest, Token));
        await store.WriteAllAsync(late.Digest, late.Content, Token);
        Assert.Equal(late.Content, await store.ReadAllAsync(late.Digest, 1000, Token));
        Assert.Equal(blob.Content, await store.ReadAllAsync(blob.Digest, 1000, Token));
    }

    [Fact]
    public async Task A_server_that_is_away_for_a_while_is_found_again()
    {
        var log = new RecordingLogger();
        await using RedisServer server = await RedisServer.StartAsync();
        await using RedisStore store = await RedisFixture.OpenAsync(server.ToConnection(), log: log);
        TestBlob blob = TestBlob.Random(1, 100);
        await store.WriteAllAsync(blob.Digest, blob.Content, Token);

        await server.KillAsync();
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.FindMissingAsync([blob.Digest], Token));
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.OpenReadAsync(blob.Digest, 0, Token));
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.WriteAllAsync(blob.Digest, blob.Content, Token));
        await RedisFixture.UntilAsync(() => Task.FromResult(!log.Entries.IsEmpty));
        await server.StartAgainAsync();

        await RedisFixture.UntilAsync(async () => !await store.ContainsAsync(blob.Digest, Token));
        await store.WriteAllAsync(blob.Digest, blob.Content, Token);
        Assert.Equal(blob.Content, await store.ReadAllAsync(blob.Digest, 1000, Token));
        await RedisFixture.UntilAsync(() => Task.FromResult(log.Entries.Last().Text.EndsWith("is well again", StringComparison.Ordinal)));
        Assert.Equal(2, log.Entries.Count(entry => entry.Level == LogLevel.Warning)); // once as it went, once as it came
    }

    [Fact]
    public async Task A_server_that_hangs_is_waited_for_only_until_that_is_known()
    {
        var log = new RecordingLogger();
        await using RedisServer server = await RedisServer.StartAsync();
        await using RedisStore store = await RedisFixture.OpenAsync(server.ToConnection() with { OperationTimeout = TimeSpan.FromMilliseconds(200) }, log: log);
        TestBlob blob = TestBlob.Random(1, 100);

        await server.SignalAsync("STOP");
        await RedisFixture.UntilAsync(async () => await FailureAsync() is { InnerException.InnerException: null }); // not sent any more
        await server.SignalAsync("CONT");

        await RedisFixture.UntilAsync(async () => !await store.ContainsAsync(blob.Digest, Token));

        async Task<StoreUnavailableException?> FailureAsync()
        {
            try
            {
                await store.FindMissingAsync([blob.Digest], Token);
                return null;
            }
            catch (StoreUnavailableException exception)
            {
                return exception;
            }
        }
    }

    [Fact]
    public async Task A_store_is_made_before_its_server_is_there()
    {
        await using RedisServer server = await RedisServer.StartAsync();
        await server.KillAsync();
        TestBlob blob = TestBlob.Random(1, 100);

        await using RedisStore store = RedisFixture.Make(server.ToConnection());
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.FindMissingAsync([blob.Digest], Token));
        await server.StartAgainAsync();

        await RedisFixture.UntilAsync(async () => !await store.ContainsAsync(blob.Digest, Token));
    }

    /// <summary>What replicas do not have yet dies with their primary.</summary>
    private static async Task WaitForReplicasAsync(RedisDeployment cluster, int keys) =>
        await RedisFixture.UntilAsync(async () =>
        {
            long found = 0;
            for (int port = cluster.BasePort; port < cluster.BasePort + 6; port++)
                found += long.Parse(await RedisCli.AskAsync(port, "dbsize"), CultureInfo.InvariantCulture);
            return found == 2 * keys;
        });
}
