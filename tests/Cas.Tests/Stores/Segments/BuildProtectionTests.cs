using Microsoft.Extensions.Logging;
using RemoteExec.Cas.Builds;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Stores.Segments;

/// <summary>What builds use that are under way is kept from eviction, within bounds.</summary>
public sealed class BuildProtectionTests : IDisposable
{
    private const int SegmentBytes = 64 << 10;
    private const int MaxBytes = 16 * SegmentBytes;
    private static readonly TimeSpan quietTime = TimeSpan.FromMinutes(30);

    private readonly StoreFolder folder = new(inMemory: true);
    private readonly ManualTimeProvider time = new();
    private readonly RecordingLogger logger = new();
    private readonly LiveBuilds builds;
    private int seed = 1_000_000;

    public BuildProtectionTests() => builds = new LiveBuilds(quietTime, time);

    public void Dispose() => folder.Dispose();

    [Theory]
    [Rule("CAS-02")]
    [InlineData("written")]
    [InlineData("read")]
    [InlineData("found")]
    public async Task What_a_build_touched_once_outlives_any_amount_of_uploads_and_goes_after_it_ended(string how)
    {
        await using SegmentStore store = await OpenAsync();
        TestBlob[] blobs = [.. Enumerable.Range(0, 40).Select(i => TestBlob.Random(i, 100 + (i * 300)))];
        if (how != "written")
            await UploadAsync(store, blobs);
        time.Advance(quietTime);
        using (IDisposable build = Call("a"))
        {
            if (how == "written")
                await WriteAsync(store, blobs);
            else if (how == "found")
                Assert.Empty(await store.FindMissingAsync([.. blobs.Select(blob => blob.Digest)], StoreFolder.Token));
            else
                await Assert.AllAsync(blobs, async blob => Assert.Equal(blob.Content, await store.GetAsync(blob.Digest)));
        }

        await UploadAsync(store, 5 * MaxBytes);

        HashSet<UInt128> there = store.Tags(); // which is no use of them
        Assert.All(blobs, blob => Assert.Contains(store.Key.TagOf(blob.Digest), there));
        Assert.True(folder.Bytes() <= MaxBytes + SegmentBytes);

        time.Advance(quietTime);
        await UploadAsync(store, 3 * MaxBytes);

        there = store.Tags();
        Assert.All(blobs, blob => Assert.DoesNotContain(store.Key.TagOf(blob.Digest), there));
        Assert.DoesNotContain(logger.Entries, entry => entry.Level >= LogLevel.Warning);
    }

    [Fact]
    public async Task What_is_kept_reads_right()
    {
        await using SegmentStore store = await OpenAsync();
        TestBlob[] blobs = [.. Enumerable.Range(0, 40).Select(i => TestBlob.Random(i, 100 + (i * 300))), TestBlob.Random(99, 3 * SegmentBytes)];
        using (Call("a"))
            await WriteAsync(store, blobs);

        await UploadAsync(store, 5 * MaxBytes);

        foreach (TestBlob blob in blobs)
            Assert.Equal(blob.Content, await store.GetAsync(blob.Digest));
    }

    [Fact]
    public async Task A_build_that_goes_on_keeps_what_it_used_at_its_beginning()
    {
        await using SegmentStore store = await OpenAsync();
        TestBlob blob = TestBlob.Random(1, 700);
        using (Call("a"))
            await WriteAsync(store, [blob]);

        for (int i = 0; i < 10; i++)
        {
            time.Advance(quietTime - TimeSpan.FromSeconds(1));
            Call("a").Dispose();
            await UploadAsync(store, MaxBytes);
        }

        Assert.Contains(store.Key.TagOf(blob.Digest), store.Tags());
    }

    [Fact]
    public async Task When_builds_write_more_than_their_share_what_was_used_is_kept_and_what_was_only_written_goes()
    {
        await using SegmentStore store = await OpenAsync();
        TestBlob used = TestBlob.Random(1, 700), written = TestBlob.Random(2, 700);
        await UploadAsync(store, used);
        using (Call("a"))
        {
            await WriteAsync(store, [written]);
            Assert.True(await store.HasAsync(used.Digest));
        }

        time.Advance(TimeSpan.FromMinutes(1));
        using (Call("b"))
            await FillAsync(store, 3 * MaxBytes);

        HashSet<UInt128> there = store.Tags();
        Assert.Contains(store.Key.TagOf(used.Digest), there);
        Assert.DoesNotContain(store.Key.TagOf(written.Digest), there);
        Assert.True(folder.Bytes() <= MaxBytes + SegmentBytes);
        Assert.Single(logger.Entries, entry => entry.Level == LogLevel.Warning && entry.Text.Contains("too small for the builds under way", StringComparison.Ordinal));
    }

    [Fact]
    public async Task When_builds_use_more_than_their_share_the_oldest_loses_its_claim_and_the_others_keep_theirs()
    {
        await using SegmentStore store = await OpenAsync();
        TestBlob[] first = Blobs(0, 60), second = Blobs(1000, 60), third = Blobs(2000, 60); // each a quarter of the store
        foreach ((string name, TestBlob[] blobs) in new[] { ("a", first), ("b", second), ("c", third) })
            await UseAsync(name, blobs);

        await UploadAsync(store, 3 * MaxBytes);

        HashSet<UInt128> there = store.Tags();
        Assert.All(second.Concat(third), blob => Assert.Contains(store.Key.TagOf(blob.Digest), there));
        Assert.All(first, blob => Assert.DoesNotContain(store.Key.TagOf(blob.Digest), there));
        Assert.Single(logger.Entries, entry => entry.Level == LogLevel.Warning);
        Assert.True(folder.Bytes() <= MaxBytes + SegmentBytes);

        async Task UseAsync(string build, TestBlob[] blobs)
        {
            await UploadAsync(store, blobs);
            time.Advance(TimeSpan.FromMinutes(1));
            using (Call(build))
                Assert.Empty(await store.FindMissingAsync([.. blobs.Select(blob => blob.Digest)], StoreFolder.Token));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(75)]
    public async Task However_large_the_share_is_writing_goes_on(int percent)
    {
        await using SegmentStore store = await OpenAsync(percent);
        using IDisposable build = Call("a");
        for (int round = 0; round < 40; round++)
        {
            time.Advance(TimeSpan.FromMinutes(1));
            Call($"{round}").Dispose();
            TestBlob[] blobs = Blobs(round * 1000, 20);
            await WriteAsync(store, blobs);
            await store.FindMissingAsync([.. blobs.Select(blob => blob.Digest)], StoreFolder.Token); // a use of those that are left
            Assert.Equal(blobs[^1].Content, await store.GetAsync(blobs[^1].Digest));
            Assert.True(folder.Bytes() <= MaxBytes + SegmentBytes);
        }

        Assert.True(store.Statistics.EvictedBlobs > 300);
    }

    [Fact]
    public async Task Nothing_is_copied_for_builds_that_are_over()
    {
        await using SegmentStore store = await OpenAsync();
        using (Call("a"))
            await FillAsync(store, MaxBytes / 4);
        time.Advance(quietTime);

        await UploadAsync(store, 3 * MaxBytes);

        Assert.Equal(0, store.Statistics.MovedBlobs);
    }

    private static TestBlob[] Blobs(int seed, int count) => [.. Enumerable.Range(seed, count).Select(i => TestBlob.Random(i, 4200))];

    private static async Task WriteAsync(SegmentStore store, TestBlob[] blobs)
    {
        foreach (TestBlob blob in blobs)
            await store.WriteAllAsync(blob.Digest, blob.Content, StoreFolder.Token);
    }

    // By a client that names no build, in a flow of its own.
    private static Task UploadAsync(SegmentStore store, params TestBlob[] blobs) => Task.Run(async () =>
    {
        LiveBuilds.SetNameless();
        await WriteAsync(store, blobs);
    });

    private Task UploadAsync(SegmentStore store, int bytes) => Task.Run(async () =>
    {
        LiveBuilds.SetNameless();
        await FillAsync(store, bytes);
    });

    private ValueTask<SegmentStore> OpenAsync(int percent = 50) =>
        SegmentStore.OpenAsync(folder.Options(MaxBytes, SegmentBytes) with { BuildsPercent = percent }, builds, logger, time, StoreFolder.Token);

    private Leaving Call(string build) => new(builds, builds.Enter(build));

    private async Task FillAsync(SegmentStore store, int bytes)
    {
        for (int i = 0; i < bytes / 4096; i++)
            await store.PutAsync(TestBlob.Random(seed++, 4000).Content);
    }

    private sealed class Leaving(LiveBuilds builds, LiveBuild? build) : IDisposable
    {
        public void Dispose() => builds.Leave(build);
    }
}
