using System.Buffers;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Stores.Segments;

public sealed class EvictionTests : IDisposable
{
    private const int SegmentBytes = 64 << 10;
    private const int MaxBytes = 8 * SegmentBytes;

    private readonly StoreFolder folder = new(inMemory: true);
    private int seed = 1_000_000;

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task The_bound_is_kept_and_what_was_written_last_stays()
    {
        await using SegmentStore store = await OpenAsync();
        TestBlob[] blobs = [.. Enumerable.Range(0, 400).Select(i => TestBlob.Random(i, 4000))];

        foreach (TestBlob blob in blobs)
        {
            await store.WriteAllAsync(blob.Digest, blob.Content, StoreFolder.Token);
            Assert.True(store.Statistics.DiskBytes <= MaxBytes);
            Assert.True(folder.Bytes() <= MaxBytes);
        }

        // What is evicted in the background is counted segment by segment.
        SegmentStoreStatistics statistics = store.Statistics;
        for (; statistics.Blobs + statistics.EvictedBlobs != 400; statistics = store.Statistics)
        {
            Assert.True(statistics.Blobs + statistics.EvictedBlobs < 400);
            await Task.Delay(1, StoreFolder.Token);
        }

        Assert.True(statistics.Blobs >= 5 * SegmentBytes / 4096, $"{statistics.Blobs} blobs are left");
        for (int i = 400 - 80; i < 400; i++) // five segments of eight: one is being filled, one being evicted, one is to be free
            Assert.Equal(blobs[i].Content, await store.GetAsync(blobs[i].Digest));
    }

    [Theory]
    [Rule("CAS-02")]
    [Rule("CAS-05")]
    [Rule("CAS-13")]
    [Rule("CAS-19")]
    [Rule("BSR-09")]
    [InlineData("found")]
    [InlineData("read")]
    [InlineData("rewritten")]
    public async Task A_blob_that_is_used_again_and_again_outlives_the_others(string use)
    {
        await using SegmentStore store = await OpenAsync();
        TestBlob small = TestBlob.Random(1, 700), large = TestBlob.Random(2, 30_000), idle = TestBlob.Random(3, 700);
        foreach (TestBlob blob in (TestBlob[])[small, large, idle])
            await store.WriteAllAsync(blob.Digest, blob.Content, StoreFolder.Token);

        for (int round = 0; round < 40; round++)
        {
            foreach (TestBlob blob in (TestBlob[])[small, large])
            {
                if (use == "found")
                    Assert.True(await store.HasAsync(blob.Digest));
                else if (use == "read")
                    Assert.Equal(blob.Content, await store.GetAsync(blob.Digest));
                else
                    await store.WriteAllAsync(blob.Digest, blob.Content, StoreFolder.Token);
            }

            await FillAsync(store, SegmentBytes);
        }

        Assert.Equal(small.Content, await store.GetAsync(small.Digest));
        Assert.Equal(large.Content, await store.GetAsync(large.Digest));
        Assert.False(await store.HasAsync(idle.Digest));
    }

    [Fact]
    public async Task One_use_saves_a_blob_once()
    {
        await using SegmentStore store = await OpenAsync();
        TestBlob blob = TestBlob.Random(1, 700);
        await store.WriteAllAsync(blob.Digest, blob.Content, StoreFolder.Token);
        Assert.True(await store.HasAsync(blob.Digest));

        await FillAsync(store, MaxBytes + SegmentBytes);
        Assert.True(store.Statistics.MovedBlobs > 0);
        await FillAsync(store, 2 * MaxBytes);

        Assert.False(await store.HasAsync(blob.Digest));
    }

    [Fact]
    public async Task Uses_are_remembered_over_a_restart()
    {
        TestBlob used = TestBlob.Random(1, 700), idle = TestBlob.Random(2, 700);
        await using (SegmentStore before = await OpenAsync())
        {
            await before.WriteAllAsync(used.Digest, used.Content, StoreFolder.Token);
            await before.WriteAllAsync(idle.Digest, idle.Content, StoreFolder.Token);
            await FillAsync(before, MaxBytes / 2);
            Assert.True(await before.HasAsync(used.Digest));
        }

        await using SegmentStore store = await OpenAsync();
        await FillAsync(store, MaxBytes / 2 + SegmentBytes);

        Assert.Equal([idle.Digest], await store.FindMissingAsync([used.Digest, idle.Digest], StoreFolder.Token));
    }

    [Fact]
    public async Task When_everything_is_in_use_writing_goes_on()
    {
        await using SegmentStore store = await OpenAsync();
        var written = new List<Digest>();

        for (int round = 0; round < 300; round++)
        {
            written.Add(await store.PutAsync(TestBlob.Random(seed++, 5000).Content));
            await store.FindMissingAsync(written, StoreFolder.Token);
            Assert.True(await store.HasAsync(written[^1]));
            Assert.True(folder.Bytes() <= MaxBytes + SegmentBytes);
        }

        Assert.True(store.Statistics.EvictedBlobs > 0);
    }

    [Fact]
    [Rule("CAS-05")]
    public async Task When_everything_is_in_use_what_was_written_just_now_is_not_the_first_to_go()
    {
        await using SegmentStore store = await OpenAsync();
        for (int i = 0; i < 6 * SegmentBytes / 4096; i++)
            Assert.True(await store.HasAsync(await store.PutAsync(TestBlob.Random(seed++, 4000).Content)));

        for (int round = 0; round < 10; round++)
        {
            var fresh = new List<Digest>();
            for (int i = 0; i < 3 * SegmentBytes / 2 / 4096; i++)
                fresh.Add(await store.PutAsync(TestBlob.Random(seed++, 4000).Content));
            Assert.Empty(await store.FindMissingAsync(fresh, StoreFolder.Token));
        }

        Assert.True(store.Statistics.EvictedBlobs > 0);
    }

    [Fact]
    public async Task When_everything_was_used_what_was_used_last_stays()
    {
        await using SegmentStore store = await OpenAsync();
        TestBlob favourite = TestBlob.Random(1, 700);
        await store.WriteAllAsync(favourite.Digest, favourite.Content, StoreFolder.Token);

        for (int round = 0; round < 600; round++)
        {
            Digest digest = await store.PutAsync(TestBlob.Random(seed++, 5000).Content);
            Assert.True(await store.HasAsync(digest));
            Assert.Equal(favourite.Content, await store.GetAsync(favourite.Digest));
        }

        Assert.True(store.Statistics.EvictedBlobs > 300);
    }

    [Theory]
    [InlineData(700)]
    [InlineData(40_000)]
    [InlineData(200_000)]
    public async Task An_open_reader_reads_to_the_end_though_its_blob_is_evicted(int length)
    {
        await using SegmentStore store = await OpenAsync();
        TestBlob blob = TestBlob.Random(1, length);
        await store.WriteAllAsync(blob.Digest, blob.Content, StoreFolder.Token);
        await using BlobReader? reader = await store.OpenReadAsync(blob.Digest, 0, StoreFolder.Token);
        var content = new byte[length];
        int filled = await reader!.ReadAsync(content.AsMemory(0, 100), StoreFolder.Token);

        await FillAsync(store, 4 * MaxBytes);
        Assert.False(await store.HasAsync(blob.Digest));

        while (filled < length)
            filled += await reader.ReadAsync(content.AsMemory(filled, Math.Min(9999, length - filled)), StoreFolder.Token);
        Assert.Equal(blob.Content, content);
    }

    [Fact]
    public async Task A_large_blob_in_use_is_kept_without_being_copied()
    {
        await using SegmentStore store = await OpenAsync();
        TestBlob large = TestBlob.Random(1, 3 * SegmentBytes);
        await store.WriteAllAsync(large.Digest, large.Content, StoreFolder.Token);

        for (int round = 0; round < 20; round++)
        {
            Assert.True(await store.HasAsync(large.Digest));
            await FillAsync(store, SegmentBytes);
        }

        Assert.Equal(large.Content, await store.GetAsync(large.Digest));
        Assert.Equal(0, store.Statistics.MovedBlobs);
        await FillAsync(store, 3 * MaxBytes);
        Assert.False(await store.HasAsync(large.Digest));
    }

    [Theory]
    [InlineData(700)]
    [InlineData(30_000)]
    public async Task What_is_discarded_is_evicted_before_anything_else_unless_it_was_replaced(int length)
    {
        await using SegmentStore store = await OpenAsync();
        TestBlob bystander = TestBlob.Random(1, 700), replaced = TestBlob.Random(2, length);
        await store.WriteAllAsync(bystander.Digest, bystander.Content, StoreFolder.Token);
        await store.WriteAllAsync(replaced.Digest, replaced.Content, StoreFolder.Token);
        await using BlobReader? stale = await store.OpenReadAsync(replaced.Digest, 0, StoreFolder.Token);
        await store.WriteAllAsync(replaced.Digest, replaced.Content, StoreFolder.Token);
        stale!.Discard();
        Assert.True(await store.HasAsync(replaced.Digest));

        for (int written = 0; written < 3 * MaxBytes; written += length)
        {
            TestBlob dead = TestBlob.Random(seed++, length);
            await store.WriteAllAsync(dead.Digest, dead.Content, StoreFolder.Token);
            await using BlobReader? reader = await store.OpenReadAsync(dead.Digest, 0, StoreFolder.Token);
            reader!.Discard();
            Assert.DoesNotContain(store.Key.TagOf(dead.Digest), store.Tags());
            Assert.Equal(dead.Content, await reader.ReadAllAsync(dead.Digest, int.MaxValue, StoreFolder.Token));
        }

        Assert.Equal(0, store.Statistics.EvictedBlobs + store.Statistics.MovedBlobs);
        Assert.Equal(bystander.Content, await store.GetAsync(bystander.Digest));
    }

    [Fact]
    [Rule("CAS-08")]
    public async Task A_blob_that_cannot_fit_is_refused_and_evicts_nothing()
    {
        await using SegmentStore store = await OpenAsync();
        TestBlob blob = TestBlob.Random(1, 700);
        await store.WriteAllAsync(blob.Digest, blob.Content, StoreFolder.Token);

        StoreFullException refusal = await Assert.ThrowsAsync<StoreFullException>(
            async () => await store.OpenWriteAsync(StoreFolder.Key(1), MaxBytes, StoreFolder.Token));

        Assert.Contains("maxBytes", refusal.Message, StringComparison.Ordinal);
        Assert.True(refusal.NeededBytes > MaxBytes);
        Assert.True(await store.HasAsync(blob.Digest));
        await store.PutAsync(TestBlob.Random(2, MaxBytes - SegmentBytes - 80).Content);
    }

    [Fact]
    public async Task An_upload_that_never_ends_does_not_stop_the_others()
    {
        await using SegmentStore store = await OpenAsync();
        var content = new byte[20_000];
        var stalled = new List<BlobWriter>();
        for (int i = 0; i < 3 * MaxBytes / content.Length; i++)
            stalled.Add(await store.OpenWriteAsync(StoreFolder.Key(i), content.Length, StoreFolder.Token));

        await Assert.ThrowsAsync<StoreUnavailableException>(
            async () => await stalled[0].WriteAsync(new ReadOnlySequence<byte>(content), StoreFolder.Token));
        await stalled[^1].WriteAsync(new ReadOnlySequence<byte>(content), StoreFolder.Token);
        await stalled[^1].CommitAsync(StoreFolder.Token);
        foreach (BlobWriter writer in stalled)
            await writer.DisposeAsync();

        Assert.Equal(content, await store.GetAsync(StoreFolder.Key(stalled.Count - 1)));
        await FillAsync(store, 2 * MaxBytes);
    }

    [Fact]
    public async Task Values_that_are_replaced_again_and_again_cost_no_others()
    {
        await using SegmentStore store = await OpenAsync();
        TestBlob bystander = TestBlob.Random(1, 700);
        for (int i = 0; i < 3000; i++)
            await store.WriteAllAsync(StoreFolder.Key(1), BitConverter.GetBytes(i), StoreFolder.Token);
        await store.WriteAllAsync(bystander.Digest, bystander.Content, StoreFolder.Token);

        // Segments of nothing but garbage go before the older one with live blobs.
        for (int i = 0; i < 50_000; i++)
            await store.WriteAllAsync(StoreFolder.Key(1), BitConverter.GetBytes(i), StoreFolder.Token);

        Assert.Equal(bystander.Content, await store.GetAsync(bystander.Digest));
        Assert.Equal(BitConverter.GetBytes(49_999), await store.GetAsync(StoreFolder.Key(1)));
    }

    [Fact]
    [Rule("CAS-04")]
    public async Task Under_load_what_is_reported_present_can_be_read()
    {
        const int RoomyBytes = 8 * MaxBytes;
        await using SegmentStore store = await folder.OpenAsync(RoomyBytes, 2 * SegmentBytes);
        TestBlob[] blobs = [.. Enumerable.Range(0, 2000).Select(i => TestBlob.Random(i, i % 37 == 0 ? 150_000 : i % 7 == 0 ? 20_000 : 1 + (i * 5)))];
        int hits = 0;

        await Parallel.ForEachAsync(Enumerable.Range(0, 6), StoreFolder.Token, async (worker, token) =>
        {
            var random = new Random(worker);
            for (int i = 0; i < 1000; i++)
            {
                TestBlob blob = blobs[random.Next(blobs.Length)];
                long evicted = store.Statistics.EvictedBytes;
                if (!await store.ContainsAsync(blob.Digest, token))
                {
                    await store.WriteAllAsync(blob.Digest, blob.Content, token);
                    continue;
                }

                byte[]? content = await store.ReadAllAsync(blob.Digest, int.MaxValue, token);
                evicted = store.Statistics.EvictedBytes - evicted;
                Assert.True(content is not null || evicted >= RoomyBytes / 2, $"lost, though only {evicted} bytes were evicted since it was found");
                if (content is null)
                    continue;
                Assert.Equal(blob.Content, content);
                Interlocked.Increment(ref hits);
            }
        });

        Assert.True(hits > 100, $"{hits} hits");
        Assert.True(store.Statistics.EvictedBlobs > 600);
        Assert.Equal(0, store.Statistics.DamagedRecords);
        Assert.True(folder.Bytes() <= RoomyBytes + (2 * SegmentBytes));
    }

    [Theory]
    [Rule("CAS-04")]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task What_was_found_just_now_is_not_dropped_by_the_eviction_after(int choice)
    {
        await using SegmentStore store = await folder.OpenAsync(16 * SegmentBytes, SegmentBytes);
        var random = new Random(choice);
        List<TestBlob> present = [];
        for (int round = 0; round < 400; round++)
        {
            TestBlob next = TestBlob.Random(seed++, random.Next(1000, 12_000));
            await store.WriteAllAsync(next.Digest, next.Content, StoreFolder.Token);
            Assert.Empty(await store.FindMissingAsync([next.Digest], StoreFolder.Token)); // everything is used at first, as chunks of blobs are
            present.Add(next);

            // Neighbours, as the chunks of one blob are: they fill a segment, or most of one.
            int first = random.Next(Math.Max(1, present.Count - 12));
            TestBlob[] asked = [.. present.Skip(first).Take(12)];
            HashSet<Digest> missing = [.. await store.FindMissingAsync([.. asked.Select(blob => blob.Digest)], StoreFolder.Token)];
            TestBlob[] found = [.. asked.Where(blob => !missing.Contains(blob.Digest))];
            TestBlob more = TestBlob.Random(seed++, random.Next(30_000, 50_000));
            await store.WriteAllAsync(more.Digest, more.Content, StoreFolder.Token);

            Assert.Empty(await store.FindMissingAsync([.. found.Select(blob => blob.Digest)], StoreFolder.Token));
            present.RemoveAll(blob => missing.Contains(blob.Digest));
        }

        Assert.NotEqual(0, store.Statistics.EvictedBlobs);
    }

    [Fact]
    public async Task After_a_crash_amid_evictions_everything_present_is_right()
    {
        TestBlob[] blobs = [.. Enumerable.Range(0, 300).Select(i => TestBlob.Random(i, 1 + (i * 37)))];
        SegmentStore crashing = await OpenAsync();
        var random = new Random(1);
        for (int i = 0; i < 1000; i++)
        {
            TestBlob blob = blobs[random.Next(blobs.Length)];
            if (!await crashing.HasAsync(blob.Digest))
                await crashing.WriteAllAsync(blob.Digest, blob.Content, StoreFolder.Token);
        }

        await crashing.CrashAsync();
        HashSet<UInt128> before = crashing.Tags();
        Assert.InRange(before.Count, 10, 290);

        await using SegmentStore store = await folder.OpenAsync(4 * MaxBytes, SegmentBytes); // so that nothing is evicted now
        Assert.Superset(before, store.Tags());
        foreach (TestBlob blob in blobs)
        {
            if (await store.HasAsync(blob.Digest))
                Assert.Equal(blob.Content, await store.GetAsync(blob.Digest));
        }
    }

    [Fact]
    public async Task A_store_that_is_opened_with_a_lower_bound_shrinks()
    {
        await using (SegmentStore before = await OpenAsync())
            await FillAsync(before, MaxBytes);

        await using SegmentStore store = await folder.OpenAsync(maxBytes: MaxBytes / 2, segmentBytes: SegmentBytes);
        await FillAsync(store, SegmentBytes);

        Assert.True(folder.Bytes() <= MaxBytes / 2);
    }

    private ValueTask<SegmentStore> OpenAsync() => folder.OpenAsync(MaxBytes, SegmentBytes);

    /// <summary>Writes blobs that nobody uses.</summary>
    private async Task FillAsync(SegmentStore store, int bytes)
    {
        for (int i = 0; i < bytes / 4096; i++)
            await store.PutAsync(TestBlob.Random(seed++, 4000).Content);
    }
}
