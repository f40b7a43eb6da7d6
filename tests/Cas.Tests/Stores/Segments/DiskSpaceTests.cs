using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Stores.Segments;

/// <summary>What a store takes of its disk: space that is reserved, and what it leaves to others.</summary>
public sealed class DiskSpaceTests : IDisposable
{
    private const int SegmentBytes = 256 << 10;
    private const int MaxBytes = 16 * SegmentBytes;
    private const int MinFreeBytes = 4 << 20;

    private readonly StoreFolder folder = new(inMemory: true);
    private readonly ManualTimeProvider time = new();
    private readonly RecordingLogger logger = new();
    private volatile Func<long> freeBytes = () => 1L << 30;
    private int seed;

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task The_space_of_a_segment_is_reserved_when_it_begins_and_what_is_not_needed_given_back_when_it_ends()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "space is reserved on Linux only");
        await using (SegmentStore store = await OpenAsync(minFreeBytes: 0))
        {
            await store.PutAsync(TestBlob.Random(1, 50_000).Content);
            string first = Assert.Single(folder.Segments());
            Assert.InRange(new FileInfo(first).Length, 50_000, 60_000);
            Assert.InRange(await AllocatedAsync(first), SegmentBytes, 2 * SegmentBytes);

            // The next one does not fit behind it, so that a part of the first one is left over.
            await store.PutAsync(TestBlob.Random(2, 240_000).Content);
            Assert.Equal(2, folder.Segments().Length);
            await store.PutAsync(TestBlob.Random(3, 2 << 20).Content); // which wakes who gives it back
            while (await AllocatedAsync(first) > 64 << 10)
                await Task.Yield();
        }

        foreach (string segment in folder.Segments())
            Assert.InRange(await AllocatedAsync(segment), 1, new FileInfo(segment).Length + 4096);
    }

    [Fact]
    public async Task A_segment_that_is_written_on_after_a_restart_has_its_space_reserved_again()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "space is reserved on Linux only");
        TestBlob blob = TestBlob.Random(1, 50_000);
        await using (SegmentStore before = await OpenAsync(minFreeBytes: 0))
            await before.PutAsync(blob.Content);

        await using SegmentStore store = await OpenAsync(minFreeBytes: 0);

        Assert.InRange(await AllocatedAsync(Assert.Single(folder.Segments())), SegmentBytes, 2 * SegmentBytes);
        Assert.Equal(blob.Content, await store.GetAsync(blob.Digest));
    }

    [Fact]
    public void A_file_system_that_can_not_reserve_space_is_told_of_once()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "space is reserved on Linux only");
        var space = new FileSpace("ssd", logger);
        using SafeFileHandle device = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite);

        space.Reserve(device, 4096);
        space.Reserve(device, 4096);

        Assert.Contains("does not reserve space", Assert.Single(logger.Entries, entry => entry.Level == LogLevel.Information).Text, StringComparison.Ordinal);
    }

    [Fact]
    [Rule("CAS-08")]
    public async Task It_shrinks_while_others_leave_too_little_and_grows_again_with_what_they_leave()
    {
        await using SegmentStore store = await OpenAsync(MinFreeBytes);
        await FillAsync(store, MaxBytes);
        long full = store.Statistics.DiskBytes;

        freeBytes = () => MinFreeBytes - SegmentBytes;
        await TickUntilAsync(() => store.Log.Bound < MaxBytes && store.Statistics.DiskBytes <= full - SegmentBytes);
        Assert.Single(logger.Entries, entry => entry.Level == LogLevel.Warning && entry.Text.Contains("has only", StringComparison.Ordinal));

        // As nothing becomes free by that, it goes on, slowly, to two segments and no further.
        long bound = store.Log.Bound;
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(bound, store.Log.Bound);
        await TickUntilAsync(() => store.Log.Bound == 2 * SegmentBytes && store.Statistics.DiskBytes <= SegmentBytes);
        await FillAsync(store, 4 * SegmentBytes);
        Assert.True(folder.Bytes() <= 2 * SegmentBytes);

        freeBytes = () => 1L << 30;
        await FillAsync(store, MaxBytes);

        Assert.Equal(MaxBytes, store.Log.Bound);
        Assert.True(store.Statistics.DiskBytes > full - (2 * SegmentBytes), $"{store.Statistics.DiskBytes} bytes are kept");
        Assert.Single(logger.Entries, entry => entry.Level == LogLevel.Warning && entry.Text.Contains("has space again", StringComparison.Ordinal));
    }

    [Fact]
    public async Task No_more_is_evicted_than_what_others_took()
    {
        await using SegmentStore store = await OpenAsync(MinFreeBytes);
        await FillAsync(store, MaxBytes);
        long full = store.Statistics.DiskBytes;

        // A disk on which there are the store and others, who leave less than they should by a segment and a half.
        freeBytes = () => MinFreeBytes - (SegmentBytes * 3 / 2) + full - store.Statistics.DiskBytes;
        await TickUntilAsync(() => store.Statistics.DiskBytes <= full - SegmentBytes);
        for (int i = 0; i < 100; i++)
        {
            time.Advance(TimeSpan.FromSeconds(5));
            await store.PutAsync(TestBlob.Random(seed++, 10).Content);
        }

        Assert.InRange(store.Statistics.DiskBytes, full - (4 * SegmentBytes), full - SegmentBytes);
    }

    [Fact]
    public async Task A_store_that_need_leave_nothing_takes_no_notice_of_others()
    {
        await using SegmentStore store = await OpenAsync(minFreeBytes: 0);
        await FillAsync(store, MaxBytes / 2);
        freeBytes = () => 0;

        time.Advance(TimeSpan.FromMinutes(1));
        await FillAsync(store, SegmentBytes);

        Assert.Equal(0, store.Statistics.EvictedBlobs);
        Assert.Equal(MaxBytes, store.Log.Bound);
    }

    private ValueTask<SegmentStore> OpenAsync(long minFreeBytes) => SegmentStore.OpenAsync(
        folder.Options(MaxBytes, SegmentBytes) with { MinFreeBytes = minFreeBytes, FreeBytes = () => freeBytes(), Durability = Durability.Fast }, logger, time, StoreFolder.Token);

    private async Task TickUntilAsync(Func<bool> condition)
    {
        while (!condition())
        {
            time.Advance(TimeSpan.FromSeconds(5));
            await Task.Delay(TimeSpan.FromMilliseconds(1), StoreFolder.Token);
        }
    }

    private async Task FillAsync(SegmentStore store, int bytes)
    {
        for (int i = 0; i < bytes / 10_000; i++)
            await store.PutAsync(TestBlob.Random(1_000_000 + seed++, 9900).Content);
    }

    /// <summary>The bytes that a file takes on its disk, reserved ones included.</summary>
    private static async Task<long> AllocatedAsync(string path)
    {
        using Process stat = Process.Start(new ProcessStartInfo("stat", ["-c", "%b", path]) { RedirectStandardOutput = true })!;
        string blocks = await stat.StandardOutput.ReadToEndAsync(StoreFolder.Token);
        await stat.WaitForExitAsync(StoreFolder.Token);
        return 512 * long.Parse(blocks, CultureInfo.InvariantCulture);
    }
}
