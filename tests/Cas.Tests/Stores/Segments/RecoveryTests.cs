using System.Buffers;
using FsCheck;
using FsCheck.Fluent;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Stores.Segments;

public sealed class RecoveryTests : IDisposable
{
    private static readonly TestBlob[] blobs =
        [.. ((int[])[300, 0, 1, 4000, 17, 20_000, 900, 90_000, 5, 3000, 10_000, 9_000]).Select((length, seed) => TestBlob.Random(seed, length, seed % 2 == 0 ? "" : "some/instance"))];

    private readonly StoreFolder folder = new(inMemory: true);

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task After_a_crash_everything_committed_is_there()
    {
        await FillAsync(crash: true);

        await using SegmentStore store = await folder.OpenAsync();

        await AssertAllPresentAsync(store);
        Assert.Equal(blobs.Length, store.Statistics.RecoveredRecords);
    }

    [Fact]
    public async Task After_a_clean_end_nothing_has_to_be_read_back()
    {
        await FillAsync(crash: false);

        await using SegmentStore store = await folder.OpenAsync();

        await AssertAllPresentAsync(store);
        Assert.Equal(0, store.Statistics.RecoveredRecords);
        Assert.Equal(blobs.Length, store.Statistics.Blobs);
    }

    [Fact]
    public async Task What_was_written_after_a_checkpoint_is_found_beyond_it()
    {
        await FillAsync(crash: false);
        SegmentStore crashing = await folder.OpenAsync();
        TestBlob small = TestBlob.Random(100, 10), large = TestBlob.Random(101, 100_000);
        await crashing.WriteAllAsync(small.Digest, small.Content, StoreFolder.Token);
        await crashing.WriteAllAsync(large.Digest, large.Content, StoreFolder.Token);
        await crashing.CrashAsync();

        await using SegmentStore store = await folder.OpenAsync();

        await AssertAllPresentAsync(store);
        Assert.Equal(small.Content, await store.GetAsync(small.Digest));
        Assert.Equal(large.Content, await store.GetAsync(large.Digest));
        Assert.Equal(2, store.Statistics.RecoveredRecords);
    }

    [Fact]
    public async Task A_write_that_was_never_finished_hides_nothing_that_came_after_it()
    {
        SegmentStore crashing = await folder.OpenAsync();
        TestBlob unfinished = TestBlob.Random(1, 50_000), after = TestBlob.Random(2, 700), large = TestBlob.Random(3, 70_000);
        BlobWriter writer = await crashing.OpenWriteAsync(unfinished.Digest, unfinished.Content.Length, StoreFolder.Token);
        await writer.WriteAsync(new ReadOnlySequence<byte>(unfinished.Content, 0, 30_000), StoreFolder.Token);
        await crashing.WriteAllAsync(after.Digest, after.Content, StoreFolder.Token);
        await crashing.WriteAllAsync(large.Digest, large.Content, StoreFolder.Token);
        await crashing.CrashAsync();
        await writer.DisposeAsync();

        await using SegmentStore store = await folder.OpenAsync();

        Assert.False(await store.HasAsync(unfinished.Digest));
        Assert.Equal(after.Content, await store.GetAsync(after.Digest));
        Assert.Equal(large.Content, await store.GetAsync(large.Digest));
    }

    [Fact]
    public async Task A_write_open_at_a_checkpoint_and_committed_after_it_is_found()
    {
        SegmentStore crashing = await folder.OpenAsync();
        TestBlob slow = TestBlob.Random(1, 50_000), after = TestBlob.Random(2, 700);
        BlobWriter writer = await crashing.OpenWriteAsync(slow.Digest, slow.Content.Length, StoreFolder.Token);
        await crashing.WriteAllAsync(after.Digest, after.Content, StoreFolder.Token);
        await crashing.CheckpointAsync(StoreFolder.Token);
        await writer.WriteAsync(new ReadOnlySequence<byte>(slow.Content), StoreFolder.Token);
        await writer.CommitAsync(StoreFolder.Token);
        await writer.DisposeAsync();
        await crashing.CrashAsync();

        await using SegmentStore store = await folder.OpenAsync();

        Assert.Equal(slow.Content, await store.GetAsync(slow.Digest));
        Assert.Equal(after.Content, await store.GetAsync(after.Digest));
    }

    [Fact]
    public async Task A_writer_that_outlives_its_store_cannot_commit_and_keeps_the_directory()
    {
        SegmentStore store = await folder.OpenAsync();
        TestBlob blob = TestBlob.Random(1, 50_000);
        BlobWriter writer = await store.OpenWriteAsync(blob.Digest, blob.Content.Length, StoreFolder.Token);
        await writer.WriteAsync(new ReadOnlySequence<byte>(blob.Content), StoreFolder.Token);
        await store.DisposeAsync();

        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await writer.CommitAsync(StoreFolder.Token));
        await Assert.ThrowsAsync<StoreLockedException>(async () => await folder.OpenAsync());
        await writer.DisposeAsync();

        await using SegmentStore again = await folder.OpenAsync();
        Assert.Equal(0, again.Statistics.DamagedRecords);
    }

    [Fact]
    public async Task A_record_whose_write_failed_half_way_does_not_hide_what_was_written_in_its_place()
    {
        SegmentStore crashing = await folder.OpenAsync();
        await crashing.PutAsync([1]);
        Assert.True(crashing.Log.TryReserve(100_000, out Reservation failed));
        var header = new byte[RecordHeader.MaxLength];
        new RecordHeader(StoreFolder.Key(1), crashing.Log.NextSequence(), 99_000, 123).Write(header, crashing.Key, failed.Place);
        failed.Segment.Write(header, failed.Offset);
        crashing.Log.Abandon(failed, isBlank: true); // so that its space is used again
        failed.Segment.Release();
        BlobWriter unfinished = await crashing.OpenWriteAsync(StoreFolder.Key(2), 20_000, StoreFolder.Token);
        Digest inside = await crashing.PutAsync([2]);
        await crashing.CrashAsync();
        await unfinished.DisposeAsync();

        await using SegmentStore store = await folder.OpenAsync();

        Assert.True(await store.HasAsync(inside));
        Assert.Equal(2, store.Statistics.Blobs);
        Assert.Equal(1, store.Statistics.DamagedRecords);
    }

    [Fact]
    public async Task A_blob_that_contains_a_record_is_not_taken_for_one()
    {
        TestBlob victim = TestBlob.Random(1, 200);
        SegmentStore first = await folder.OpenAsync();
        await first.WriteAllAsync(victim.Digest, "poison"u8.ToArray(), StoreFolder.Token);
        await first.CrashAsync();
        byte[] record = await File.ReadAllBytesAsync(folder.Segments().Single(), StoreFolder.Token);
        File.Delete(folder.Segments().Single());

        // The record is uploaded as a blob, often, and the upload is cut so that recovery has to search in it.
        byte[] content = [.. Enumerable.Repeat(record, 2000).SelectMany(bytes => bytes)];
        SegmentStore crashing = await folder.OpenAsync();
        await using (BlobWriter writer = await crashing.OpenWriteAsync(StoreFolder.DigestOf(content), content.Length, StoreFolder.Token))
        {
            await writer.WriteAsync(new ReadOnlySequence<byte>(content), StoreFolder.Token);
            await crashing.PutAsync([1, 2, 3]);
            await crashing.CrashAsync();
        }

        await using SegmentStore store = await folder.OpenAsync();
        Assert.False(await store.HasAsync(victim.Digest));
        Assert.Equal(1, store.Statistics.Blobs);
    }

    [Fact]
    public async Task A_store_whose_files_are_cut_anywhere_opens_and_has_only_whole_blobs()
    {
        await FillAsync(crash: true);
        using var sample = new StoreFolder(inMemory: true);
        foreach (string file in folder.Segments())
        {
            long length = new FileInfo(file).Length;
            long step = Math.Max(1, length / 80);
            for (long cut = 0; cut < length; cut += step)
            {
                folder.CopyTo(sample);
                using (FileStream stream = File.OpenWrite(Path.Combine(sample.Path, Path.GetFileName(file))))
                    stream.SetLength(cut);

                await AssertNoLieAsync(sample, strict: true);
            }
        }
    }

    [Fact]
    public async Task Cut_files_are_noticed_also_below_a_checkpoint()
    {
        await FillAsync(crash: false);
        using var sample = new StoreFolder(inMemory: true);
        foreach (string file in folder.Segments())
        {
            long length = new FileInfo(file).Length;
            long step = Math.Max(1, length / 50);
            for (long cut = 0; cut < length; cut += step)
            {
                folder.CopyTo(sample);
                using (FileStream stream = File.OpenWrite(Path.Combine(sample.Path, Path.GetFileName(file))))
                    stream.SetLength(cut);

                await AssertNoLieAsync(sample, strict: true);
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_store_whose_files_are_damaged_anywhere_opens_and_never_serves_wrong_bytes(bool crash)
    {
        await FillAsync(crash);
        using var sample = new StoreFolder(inMemory: true);
        string[] files = [.. folder.Segments(), .. Directory.GetFiles(folder.Path, "checkpoint*")];

        Prop.ForAll(
            ArbMap.Default.ArbFor<NonNegativeInt>(), ArbMap.Default.ArbFor<NonNegativeInt>(), ArbMap.Default.ArbFor<PositiveInt>(),
            async (which, seed, span) =>
            {
                folder.CopyTo(sample);
                string file = Path.Combine(sample.Path, Path.GetFileName(files[which.Get % files.Length]));
                byte[] bytes = await File.ReadAllBytesAsync(file);
                var random = new Random(seed.Get);
                int start = random.Next(bytes.Length), length = Math.Min(bytes.Length - start, span.Get % 3 == 0 ? 1 : span.Get * 97);
                if (span.Get % 2 == 0)
                    bytes.AsSpan(start, length).Clear();
                else
                    random.NextBytes(bytes.AsSpan(start, length));
                await File.WriteAllBytesAsync(file, bytes);

                await AssertNoLieAsync(sample, strict: crash);
            }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public async Task Damage_costs_the_damaged_record_only()
    {
        SegmentStore crashing = await folder.OpenAsync();
        for (int i = 0; i < 100; i++)
            await crashing.PutAsync(TestBlob.Random(i, 500).Content);
        await crashing.CrashAsync();
        byte[] bytes = await File.ReadAllBytesAsync(folder.Segments().Single(), StoreFolder.Token);
        bytes[(50 * 592) + 4] ^= 1; // a header: 80 bytes of header and 500 of content make a record of 592
        bytes[(70 * 592) + 300] ^= 1; // a value
        await File.WriteAllBytesAsync(folder.Segments().Single(), bytes, StoreFolder.Token);

        await using SegmentStore store = await folder.OpenAsync();

        Assert.Equal(98, store.Statistics.Blobs);
        Assert.Equal(1, store.Statistics.DamagedRecords);
        int[] missing = await MissingAsync(store, 100);
        Assert.Equal([50, 70], missing);
    }

    [Fact]
    public async Task Without_its_newest_checkpoint_a_store_starts_from_the_one_before_and_never_uses_a_number_twice()
    {
        await FillAsync(crash: false);
        SegmentStore second = await folder.OpenAsync();
        await second.PutAsync([1, 2, 3]);
        await second.DisposeAsync();
        int highest = int.Parse(Path.GetFileNameWithoutExtension(folder.Segments()[^1]));
        await File.WriteAllBytesAsync(Path.Combine(folder.Path, "checkpoint"), [1, 2, 3], StoreFolder.Token);

        await using SegmentStore store = await folder.OpenAsync(segmentBytes: 4096);

        await AssertAllPresentAsync(store);
        Assert.Equal(1, store.Statistics.RecoveredRecords);
        await store.PutAsync(TestBlob.Random(9, 50_000).Content);
        Assert.True(int.Parse(Path.GetFileNameWithoutExtension(folder.Segments()[^1])) > highest + 1000);
    }

    [Fact]
    public async Task A_restarted_store_goes_on_in_the_segment_it_left()
    {
        for (int i = 0; i < 5; i++)
        {
            SegmentStore store = await folder.OpenAsync();
            await store.PutAsync(BitConverter.GetBytes(i));
            await store.CloseAsync(checkpoint: i % 2 == 0);
        }

        Assert.Single(folder.Segments());
        await using SegmentStore last = await folder.OpenAsync();
        Assert.Equal(5, last.Statistics.Blobs);
    }

    [Fact]
    public async Task A_segment_that_could_not_be_flushed_is_read_back_at_every_start_and_not_written_to()
    {
        SegmentStore failing = await folder.OpenAsync();
        Digest early = await failing.PutAsync([1]);
        failing.Log.Segments().Single().IsDoubtful = true;
        await failing.DisposeAsync();

        SegmentStore second = await folder.OpenAsync();
        Assert.Equal(1, second.Statistics.RecoveredRecords);
        Digest late = await second.PutAsync([2]);
        Assert.Equal([true, false], second.Log.Segments().Select(segment => segment.IsDoubtful));
        await second.DisposeAsync();

        await using SegmentStore third = await folder.OpenAsync();
        Assert.Equal(1, third.Statistics.RecoveredRecords);
        Assert.True(await third.HasAsync(early));
        Assert.True(await third.HasAsync(late));
    }

    [Fact]
    public async Task A_half_written_large_blob_leaves_no_file()
    {
        SegmentStore crashing = await folder.OpenAsync(segmentBytes: 4096);
        BlobWriter writer = await crashing.OpenWriteAsync(StoreFolder.Key(1), 1 << 20, StoreFolder.Token);
        await writer.WriteAsync(new ReadOnlySequence<byte>(new byte[1000]), StoreFolder.Token);
        await crashing.CrashAsync();
        await writer.DisposeAsync();
        Assert.Single(folder.Segments());

        await using SegmentStore store = await folder.OpenAsync(segmentBytes: 4096);

        Assert.Empty(folder.Segments());
    }

    private static async Task<int[]> MissingAsync(SegmentStore store, int count)
    {
        Digest[] all = [.. Enumerable.Range(0, count).Select(i => TestBlob.Random(i, 500).Digest)];
        return [.. (await store.FindMissingAsync(all, StoreFolder.Token)).Select(digest => Array.IndexOf(all, digest))];
    }

    private static async Task AssertAllPresentAsync(SegmentStore store)
    {
        foreach (TestBlob blob in blobs)
            Assert.Equal(blob.Content, await store.GetAsync(blob.Digest));
    }

    /// <summary>
    /// Opens the store and asks for everything that was ever in it. What is reported present reads back equal; where a checkpoint vouched
    /// for bytes that were damaged since, the read may find the damage instead, after which the blob is missing.
    /// </summary>
    private static async Task AssertNoLieAsync(StoreFolder sample, bool strict)
    {
        SegmentStore store = await sample.OpenAsync(segmentBytes: 1 << 14);
        foreach (TestBlob blob in blobs)
        {
            if (!await store.HasAsync(blob.Digest))
                continue;
            byte[]? content;
            try
            {
                content = await store.GetAsync(blob.Digest);
            }
            catch (BlobCorruptException) when (!strict)
            {
                content = null;
            }

            if (content is null && !strict)
                Assert.False(await store.HasAsync(blob.Digest));
            else
                Assert.Equal(blob.Content, content);
        }

        // It is as good as new: it takes what is lost again.
        foreach (TestBlob blob in blobs)
            await store.WriteAllAsync(blob.Digest, blob.Content, StoreFolder.Token);
        await store.CrashAsync();
        await using SegmentStore again = await sample.OpenAsync(segmentBytes: 1 << 14);
        await AssertAllPresentAsync(again);
    }

    /// <summary>A store of several small segments, one of them of a single record.</summary>
    private async Task FillAsync(bool crash)
    {
        SegmentStore store = await folder.OpenAsync(segmentBytes: 1 << 14);
        foreach (TestBlob blob in blobs)
            await store.WriteAllAsync(blob.Digest, blob.Content, StoreFolder.Token);
        await store.CloseAsync(checkpoint: !crash);
        if (crash)
            Directory.GetFiles(folder.Path, "checkpoint*").ToList().ForEach(File.Delete); // one may have been due already
        Assert.True(folder.Segments().Length >= 3);
    }
}
