using RemoteExec.Cas;
using RemoteExec.Cas.Stores;
using RemoteExec.Native;
using RemoteExec.Protocol;
using RemoteExec.TestKit;
using RemoteExec.Worker.Inputs;

namespace RemoteExec.Worker.Tests.Inputs;

public sealed class FileCacheTests : IDisposable
{
    private readonly TempDirectory temp = new();
    private readonly MemoryStore cas = new(1 << 20);
    private CacheRoom room = new(0, 0);
    private OpenDirectory? placed;
    private int opened;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        placed?.Dispose();
        temp.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_file_is_fetched_once_and_placed_where_it_is_wanted(bool hardlinks)
    {
        FileCache cache = NewCache(1000, hardlinks);
        TestBlob blob = await AddAsync(1, 100);

        for (int i = 0; i < 3; i++)
        {
            using FileCache.Pin pin = (await cache.PinAsync(new FileKey(blob.Digest, Executable: false), Cancellation))!.Value;
            pin.PlaceIn(Placed, $"{i}");
        }

        Assert.Equal(1, opened);
        Assert.All(Enumerable.Range(0, 3), i => Assert.Equal(blob.Content, File.ReadAllBytes(Place(i))));
        Assert.Equal(100, room.UsedBytes);
    }

    [Fact]
    public async Task The_executable_variant_is_a_file_of_its_own()
    {
        FileCache cache = NewCache(1000, hardlinks: true);
        TestBlob blob = await AddAsync(1, 100);

        foreach (bool executable in (bool[])[false, true])
        {
            using FileCache.Pin pin = (await cache.PinAsync(new FileKey(blob.Digest, executable), Cancellation))!.Value;
            pin.PlaceIn(Placed, executable ? "1" : "0");
        }

        Assert.Equal((UnixFileMode)0x124, File.GetUnixFileMode(Place(0))); // 0444
        Assert.Equal((UnixFileMode)0x16D, File.GetUnixFileMode(Place(1))); // 0555
        Assert.Equal(200, room.UsedBytes);
    }

    [Fact]
    public async Task The_least_recently_used_file_makes_room()
    {
        FileCache cache = NewCache(250, hardlinks: true);
        TestBlob[] blobs = [await AddAsync(1, 100), await AddAsync(2, 100), await AddAsync(3, 100)];

        foreach (int i in (int[])[0, 1, 0, 2, 0, 1])
            (await cache.PinAsync(new FileKey(blobs[i].Digest, Executable: false), Cancellation))!.Value.Dispose();

        Assert.Equal(4, opened); // 1 went when 2 came, and had to be fetched again
        Assert.Equal(200, room.UsedBytes);
        Assert.Equal(2, Directory.EnumerateFiles(temp.Path, "*", SearchOption.AllDirectories).Count());
    }

    [Fact]
    public async Task A_pinned_file_stays_although_there_is_no_room()
    {
        FileCache cache = NewCache(50, hardlinks: true);
        TestBlob first = await AddAsync(1, 100), second = await AddAsync(2, 100);

        using (FileCache.Pin pin = (await cache.PinAsync(new FileKey(first.Digest, Executable: false), Cancellation))!.Value)
        {
            using FileCache.Pin other = (await cache.PinAsync(new FileKey(second.Digest, Executable: false), Cancellation))!.Value;
            pin.PlaceIn(Placed, "0");
            other.PlaceIn(Placed, "1");
            Assert.Equal(200, room.UsedBytes);
        }

        Assert.Equal(0, room.UsedBytes);
        Assert.Equal(first.Content, await File.ReadAllBytesAsync(Place(0), Cancellation));
    }

    [Fact]
    public async Task What_the_CAS_lacks_is_missing_until_it_comes()
    {
        FileCache cache = NewCache(1000, hardlinks: true);
        TestBlob blob = TestBlob.Random(1, 100);

        Assert.Null(await cache.PinAsync(new FileKey(blob.Digest, Executable: false), Cancellation));
        await cas.WriteAllAsync(blob.Digest, blob.Content, Cancellation);

        using FileCache.Pin pin = (await cache.PinAsync(new FileKey(blob.Digest, Executable: false), Cancellation))!.Value;
        Assert.Equal(100, room.UsedBytes);
    }

    [Fact, Rule("GEN-05")]
    public async Task Instances_do_not_share_files()
    {
        FileCache cache = NewCache(1000, hardlinks: true);
        TestBlob mine = await AddAsync(1, 100);
        (await cache.PinAsync(new FileKey(mine.Digest, Executable: false), Cancellation))!.Value.Dispose();

        Assert.Null(await cache.PinAsync(new FileKey(TestBlob.Of(mine.Content, "other").Digest, Executable: false), Cancellation));
    }

    [Fact]
    public async Task Many_who_want_one_file_wait_for_one_fetch()
    {
        var release = new TaskCompletionSource();
        FileCache cache = NewCache(1000, hardlinks: true, () => release.Task);
        TestBlob blob = await AddAsync(1, 100);

        Task<FileCache.Pin?>[] waiting = [.. Enumerable.Range(0, 10).Select(_ => cache.PinAsync(new FileKey(blob.Digest, Executable: false), Cancellation).AsTask())];
        release.SetResult();
        FileCache.Pin?[] pins = await Task.WhenAll(waiting);

        Assert.Equal(1, opened);
        Assert.All(pins, pin => pin!.Value.Dispose());
        Assert.Equal(100, room.UsedBytes);
    }

    [Fact]
    public async Task Who_waits_for_a_fetch_that_is_given_up_fetches_itself()
    {
        var release = new TaskCompletionSource();
        FileCache cache = NewCache(1000, hardlinks: true, () => opened == 1 ? release.Task : Task.CompletedTask);
        TestBlob blob = await AddAsync(1, 100);
        Task<FileCache.Pin?> first = cache.PinAsync(new FileKey(blob.Digest, Executable: false), Cancellation).AsTask();
        Task<FileCache.Pin?> second = cache.PinAsync(new FileKey(blob.Digest, Executable: false), Cancellation).AsTask();

        release.SetException(new StoreUnavailableException("disk", null));

        await Assert.ThrowsAsync<StoreUnavailableException>(() => first);
        using FileCache.Pin pin = (await second)!.Value;
        Assert.Equal(2, opened);
    }

    [Fact]
    public async Task A_file_with_as_many_links_as_the_file_system_allows_is_copied()
    {
        FileCache cache = NewCache(1000, hardlinks: true);
        TestBlob blob = await AddAsync(1, 10);
        using FileCache.Pin pin = (await cache.PinAsync(new FileKey(blob.Digest, Executable: true), Cancellation))!.Value;

        const int BeyondTheLimitOfExt4 = 65_010;
        for (int i = 0; i < BeyondTheLimitOfExt4; i++)
            pin.PlaceIn(Placed, $"{i}");

        Assert.False(pin.LinkIn(Placed, $"{BeyondTheLimitOfExt4}"));
        Assert.Equal(blob.Content, await File.ReadAllBytesAsync(Place(BeyondTheLimitOfExt4), Cancellation));
        Assert.Equal(blob.Content, await File.ReadAllBytesAsync(Place(BeyondTheLimitOfExt4 - 1), Cancellation));
        Assert.Equal((UnixFileMode)0x16D, File.GetUnixFileMode(Place(BeyondTheLimitOfExt4 - 1)));
    }

    private OpenDirectory Placed => placed ??= new OpenDirectory(Directory.CreateDirectory(Path.Combine(temp.Path, "placed")).FullName);

    private string Place(int number) => Path.Combine(Directory.CreateDirectory(Path.Combine(temp.Path, "placed")).FullName, $"{number}");

    private FileCache NewCache(long maxBytes, bool hardlinks, Func<Task>? before = null)
    {
        var counting = new FaultyStore(cas)
        {
            Before = async (operation, _) =>
            {
                if (operation != StoreOperation.OpenRead)
                    return;
                Interlocked.Increment(ref opened);
                if (before is not null)
                    await before();
            },
        };
        room = new CacheRoom(maxBytes, int.MaxValue);
        return new FileCache(counting, temp.Path, room, hardlinks);
    }

    private async Task<TestBlob> AddAsync(int seed, int length)
    {
        TestBlob blob = TestBlob.Random(seed, length);
        await cas.WriteAllAsync(blob.Digest, blob.Content, Cancellation);
        return blob;
    }
}
