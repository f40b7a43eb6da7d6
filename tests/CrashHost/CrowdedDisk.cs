using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.TestKit;

namespace RemoteExec.CrashHost;

/// <summary>A store on a small disk that others fill as well.</summary>
internal sealed class CrowdedDisk(SegmentStoreOptions options)
{
    private const int MinFreeBytes = 1 << 20;
    private readonly ManualTimeProvider time = new();
    private readonly string others = Path.Combine(options.Path, "others");
    private int seed = 1000;

    private long FreeBytes => new DriveInfo(options.Path).AvailableFreeSpace;

    /// <summary>An upload that has its space is not refused, however full the disk is by then.</summary>
    public async Task WriteIntoReservedSpaceAsync()
    {
        await using SegmentStore store = await OpenAsync(0);
        await WriteAsync(store, 1);
        Fill(leave: 0);
        Console.WriteLine(FreeBytes == 0 ? "full" : $"{FreeBytes} bytes are free");

        int fitting = (int)(options.SegmentBytes / 10_000) - 2;
        await WriteAsync(store, fitting);
        Console.WriteLine("nothing was refused");
    }

    /// <summary>Before the disk is full the store shrinks, and grows again later; nothing is refused.</summary>
    public async Task ShrinkAsync()
    {
        await using SegmentStore store = await OpenAsync(MinFreeBytes);
        await WriteAsync(store, (int)(options.MaxBytes / 10_000));
        long before = store.Statistics.DiskBytes;
        Fill(leave: MinFreeBytes / 4);
        while (FreeBytes < MinFreeBytes)
        {
            time.Advance(TimeSpan.FromSeconds(5));
            await WriteAsync(store, 1);
            await Task.Yield();
        }

        Console.WriteLine(store.Statistics.DiskBytes < before ? "shrunk" : "not shrunk");
        File.Delete(others);
        await WriteAsync(store, (int)(options.MaxBytes / 10_000));
        for (int i = 0; i < 1000 && store.Statistics.DiskBytes < before - options.SegmentBytes; i++)
        {
            // The store looks at the disk in the background.
            time.Advance(TimeSpan.FromSeconds(5));
            await WriteAsync(store, 10);
            await Task.Yield();
        }

        Console.WriteLine(store.Statistics.DiskBytes >= before - options.SegmentBytes ? "grown again" : $"{before} became {store.Statistics.DiskBytes}");
    }

    private ValueTask<SegmentStore> OpenAsync(long minFreeBytes) =>
        SegmentStore.OpenAsync(options with { MinFreeBytes = minFreeBytes, Durability = Durability.Fast }, NullLogger.Instance, time, CancellationToken.None);

    private async Task WriteAsync(SegmentStore store, int blobs)
    {
        for (int i = 0; i < blobs; i++)
        {
            TestBlob blob = TestBlob.Random(seed++, 9900);
            await store.WriteAllAsync(blob.Digest, blob.Content, CancellationToken.None);
        }
    }

    private void Fill(long leave)
    {
        using FileStream file = File.Create(others, bufferSize: 0);
        try
        {
            while (leave == 0 || FreeBytes > leave)
                file.Write(new byte[4096]);
        }
        catch (IOException)
        {
            // Full, as was wanted.
        }
    }
}
