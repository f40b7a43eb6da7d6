using System.Globalization;
using RemoteExec.Cas;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Redis;

namespace RemoteExec.Integration.Tests.Redis;

/// <summary>What is special about values in Redis.</summary>
public sealed class RedisStoreTests(RedisServers servers)
{
    private static readonly TestBlob one = TestBlob.Random(1, 100), two = TestBlob.Random(2, 100);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(RedisTopology.Standalone)]
    [InlineData(RedisTopology.Cluster)]
    [InlineData(RedisTopology.Sentinel)]
    public async Task What_one_server_writes_another_reads_at_once(RedisTopology topology)
    {
        RedisDeployment deployment = await (topology == RedisTopology.Cluster ? servers.Cluster : topology == RedisTopology.Sentinel ? servers.Sentinel : servers.Standalone);
        var options = new RedisStoreOptions { Name = "results", KeyPrefix = RedisFixture.NewPrefix() };
        await using RedisStore writer = await RedisFixture.OpenAsync(deployment.ToConnection(topology), options);
        await using RedisStore reader = await RedisFixture.OpenAsync(deployment.ToConnection(topology), options);

        for (int i = 0; i < 50; i++)
        {
            TestBlob value = TestBlob.Random(i, 50 + i);
            await writer.WriteAllAsync(one.Digest, value.Content, Token);
            Assert.Equal(value.Content, await reader.ReadAllAsync(one.Digest, 1000, Token));
            Assert.Empty(await reader.FindMissingAsync([one.Digest], Token));
        }
    }

    [Fact]
    public async Task Prefixes_keep_stores_apart()
    {
        RedisConnectionOptions connection = (await servers.Standalone).ToConnection(RedisTopology.Standalone);
        await using RedisStore mine = await RedisFixture.OpenAsync(connection);
        await using RedisStore other = await RedisFixture.OpenAsync(connection);

        await mine.WriteAllAsync(one.Digest, one.Content, Token);

        Assert.Equal([one.Digest], await other.FindMissingAsync([one.Digest], Token));
        Assert.Null(await other.OpenReadAsync(one.Digest, 0, Token));
    }

    [Fact]
    public async Task A_look_up_of_many_is_one_command_for_each_and_few_round_trips()
    {
        await using RedisServer server = await RedisServer.StartAsync();
        await using RedisStore store = await RedisFixture.OpenAsync(server.ToConnection());
        Digest[] digests = [.. Enumerable.Range(0, 1000).Select(i => TestBlob.Of(BitConverter.GetBytes(i)).Digest)];
        await store.FindMissingAsync(digests, Token); // connections and code are warm
        long commands = await CountAsync("getrange"), reads = await ReadsAsync();

        await store.FindMissingAsync(digests, Token);

        Assert.Equal(1000, await CountAsync("getrange") - commands);
        Assert.InRange(await ReadsAsync() - reads, 1, 250); // times that the server was given something to do

        Task<long> CountAsync(string command) => RedisCli.CountAsync(server.Port, command);

        async Task<long> ReadsAsync() =>
            long.Parse((await server.AskAsync("info", "stats")).Split('\n').First(line => line.StartsWith("total_reads_processed:", StringComparison.Ordinal)).Split(':')[1], CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task A_read_is_one_command_and_so_is_a_write()
    {
        await using RedisServer server = await RedisServer.StartAsync();
        await using RedisStore store = await RedisFixture.OpenAsync(server.ToConnection());
        string[] commands = ["get", "set", "getrange", "eval", "exists", "del"];
        long[] before = await CountAsync();

        await store.WriteAllAsync(one.Digest, one.Content, Token);
        await store.ReadAllAsync(one.Digest, 1000, Token);

        Assert.Equal([1, 1, 0, 0, 0, 0], (await CountAsync()).Zip(before, (now, then) => now - then));

        Task<long[]> CountAsync() => Task.WhenAll(commands.Select(command => RedisCli.CountAsync(server.Port, command)));
    }

    [Fact]
    [Rule("CAS-02")]
    public async Task What_was_looked_up_stays_and_what_was_not_is_evicted()
    {
        await using RedisServer server = await RedisServer.StartAsync("--maxmemory-policy", "allkeys-lru", "--maxmemory-samples", "64");
        await using RedisStore store = await RedisFixture.OpenAsync(server.ToConnection());
        TestBlob[] used = [.. Enumerable.Range(0, 100).Select(i => TestBlob.Random(i, 1000))];
        TestBlob[] unused = [.. Enumerable.Range(1000, 1000).Select(i => TestBlob.Random(i, 1000))];
        foreach (TestBlob blob in (TestBlob[])[.. used, .. unused])
            await store.WriteAllAsync(blob.Digest, blob.Content, Token);
        string full = (await server.AskAsync("info", "memory")).Split('\n').First(line => line.StartsWith("used_memory:", StringComparison.Ordinal)).Split(':')[1].Trim();
        await RedisFixture.UntilAsync(async () => await IdleAsync(unused[^1]) >= 2); // Redis counts idle time in seconds
        Assert.Empty(await store.FindMissingAsync([.. used.Select(blob => blob.Digest)], Token));

        await server.AskAsync("config", "set", "maxmemory", full);
        foreach (TestBlob blob in Enumerable.Range(5000, 600).Select(i => TestBlob.Random(i, 1000)))
            await store.WriteAllAsync(blob.Digest, blob.Content, Token);

        Assert.Empty(await store.FindMissingAsync([.. used.Select(blob => blob.Digest)], Token));
        IReadOnlyCollection<Digest> gone = await store.FindMissingAsync([.. unused.Select(blob => blob.Digest)], Token);
        Assert.InRange(gone.Count, 300, 900);
        int kept = 0;
        foreach (TestBlob blob in unused)
        {
            // Answers take memory too, so a few more may go while others are read.
            byte[]? found = await store.ReadAllAsync(blob.Digest, 1000, Token);
            Assert.True(found is null || (found.AsSpan().SequenceEqual(blob.Content) && !gone.Contains(blob.Digest)));
            kept += found is null ? 0 : 1;
        }

        Assert.InRange(kept, 50, unused.Length - gone.Count);

        async Task<long> IdleAsync(TestBlob blob)
        {
            string key = (await server.AskAsync("keys", $"*{blob.Digest.Hash}*")).Trim();
            return long.Parse(await server.AskAsync("object", "idletime", key), CultureInfo.InvariantCulture);
        }
    }

    [Fact]
    public async Task A_server_that_is_full_and_does_not_evict_says_so()
    {
        await using RedisServer server = await RedisServer.StartAsync("--maxmemory", "1", "--maxmemory-policy", "noeviction");
        await using RedisStore store = await RedisFixture.OpenAsync(server.ToConnection());

        StoreFullException exception = await Assert.ThrowsAsync<StoreFullException>(async () => await store.WriteAllAsync(one.Digest, one.Content, Token));

        Assert.Contains("allkeys-lru", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Long_values_are_refused_before_they_are_sent()
    {
        await using RedisStore store = await RedisFixture.OpenAsync(
            (await servers.Standalone).ToConnection(RedisTopology.Standalone), new RedisStoreOptions { Name = "results", KeyPrefix = RedisFixture.NewPrefix(), MaxValueBytes = 100 });

        await store.WriteAllAsync(one.Digest, new byte[100], Token);
        StoreFullException exception = await Assert.ThrowsAsync<StoreFullException>(async () => await store.OpenWriteAsync(one.Digest, 101, Token));

        Assert.Contains("maxValueBytes", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Values_that_others_damaged_are_no_values()
    {
        RedisDeployment deployment = await servers.Standalone;
        string prefix = RedisFixture.NewPrefix();
        await using RedisStore store = await RedisFixture.OpenAsync(deployment.ToConnection(RedisTopology.Standalone), new RedisStoreOptions { Name = "results", KeyPrefix = prefix });
        await store.WriteAllAsync(one.Digest, one.Content, Token);
        string key = (await RedisCli.AskAsync(deployment.BasePort, "keys", prefix + "*")).Trim();

        await RedisCli.AskAsync(deployment.BasePort, "setrange", key, "60", "xyz");
        await Assert.ThrowsAsync<BlobCorruptException>(async () => await store.OpenReadAsync(one.Digest, 0, Token));
        Assert.False(await store.ContainsAsync(one.Digest, Token));

        await RedisCli.AskAsync(deployment.BasePort, "set", key, "something else");
        Assert.False(await store.ContainsAsync(one.Digest, Token));
        Assert.Null(await store.OpenReadAsync(one.Digest, 0, Token));
    }

    [Theory]
    [InlineData(RedisTopology.Standalone)]
    [InlineData(RedisTopology.Cluster)]
    public async Task What_is_discarded_is_gone_unless_it_was_written_again(RedisTopology topology)
    {
        RedisDeployment deployment = await (topology == RedisTopology.Cluster ? servers.Cluster : servers.Standalone);
        await using RedisStore store = await RedisFixture.OpenAsync(deployment.ToConnection(topology));
        await store.WriteAllAsync(one.Digest, one.Content, Token);
        await store.WriteAllAsync(two.Digest, two.Content, Token);

        await DiscardAsync(one, () => ValueTask.CompletedTask);
        await DiscardAsync(two, () => store.WriteAllAsync(two.Digest, two.Content, Token)); // the same bytes, but written later

        Assert.False(await store.ContainsAsync(one.Digest, Token));
        Assert.Equal(two.Content, await store.ReadAllAsync(two.Digest, 1000, Token));

        async Task DiscardAsync(TestBlob blob, Func<ValueTask> meanwhile)
        {
            await using BlobReader? reader = await store.OpenReadAsync(blob.Digest, 0, Token);
            await meanwhile();
            reader!.Discard();
        }
    }

    [Fact]
    public async Task A_value_goes_when_its_time_is_over()
    {
        RedisDeployment deployment = await servers.Standalone;
        string prefix = RedisFixture.NewPrefix();
        await using RedisStore store = await RedisFixture.OpenAsync(
            deployment.ToConnection(RedisTopology.Standalone), new RedisStoreOptions { Name = "results", KeyPrefix = prefix, TimeToLive = TimeSpan.FromMilliseconds(1500) });
        await store.WriteAllAsync(one.Digest, one.Content, Token);
        string key = (await RedisCli.AskAsync(deployment.BasePort, "keys", prefix + "*")).Trim();

        Assert.InRange(long.Parse(await RedisCli.AskAsync(deployment.BasePort, "pttl", key), CultureInfo.InvariantCulture), 1, 1500);

        await RedisFixture.UntilAsync(async () => !await store.ContainsAsync(one.Digest, Token));
    }

    [Fact]
    [Rule("GEN-05")]
    public async Task Braces_in_instance_names_do_not_gather_keys_in_one_slot()
    {
        RedisDeployment cluster = await servers.Cluster;
        string prefix = RedisFixture.NewPrefix();
        await using RedisStore store = await RedisFixture.OpenAsync(cluster.ToConnection(RedisTopology.Cluster), new RedisStoreOptions { Name = "results", KeyPrefix = prefix });
        TestBlob[] blobs = [.. Enumerable.Range(0, 30).Select(i => TestBlob.Random(i, 10, instance: "{team}/a"))];

        foreach (TestBlob blob in blobs)
            await store.WriteAllAsync(blob.Digest, blob.Content, Token);

        Assert.Empty(await store.FindMissingAsync([.. blobs.Select(blob => blob.Digest)], Token));
        string[] keys = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => RedisCli.AskAsync(cluster.BasePort + i, "keys", prefix + "*")));
        Assert.True(keys.Count(some => some.Trim().Length > 0) > 2);
    }
}
