using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Native;
using RemoteExec.TestKit;
using RemoteExec.Worker.Caches;

namespace RemoteExec.Worker.Tests.Caches;

/// <summary>What is kept for how long: without a sandbox, by what lies on the disk.</summary>
public sealed class CacheKeepingTests : IAsyncLifetime
{
    private const long Megabyte = 1024 * 1024;
    private readonly TempDirectory temp = new();
    private readonly ManualTimeProvider time = new();
    private ScratchDirectory? scratch;
    private NamedCaches? caches;
    private int uses;

    private string Root => Path.Combine(temp.Path, "scratch", "named-caches");

    private string[] OnDisk => [.. Directory.EnumerateDirectories(Root)];

    public ValueTask InitializeAsync() => OpenAsync(10 * Megabyte);

    public async ValueTask DisposeAsync()
    {
        await scratch!.DisposeAsync();
        temp.Dispose();
    }

    [Fact]
    public async Task Those_that_were_not_used_for_longest_go_first()
    {
        await WriteAsync("one", 4 * Megabyte);
        await WriteAsync("two", 4 * Megabyte);
        Assert.Equal(4 * Megabyte, await SizeInAsync("one"));
        await WriteAsync("three", 4 * Megabyte);

        Assert.InRange(caches!.UsedBytes, 8 * Megabyte, 9 * Megabyte);
        Assert.Equal(2, OnDisk.Length);
        Assert.Equal((4 * Megabyte, null, 4 * Megabyte), (await SizeInAsync("one"), await SizeInAsync("two"), await SizeInAsync("three")));
    }

    [Fact]
    public async Task One_that_is_in_use_stays_until_it_is_not()
    {
        CacheHold hold = await BeginAsync("one");
        File.WriteAllBytes(Path.Combine(hold.Mount.Changes!, "upper", "large"), new byte[12 * Megabyte]);
        CacheHold second = await BeginAsync("one");

        await caches!.EndAsync(hold, hasEnded: true, hasSucceeded: true);
        Assert.True(File.Exists(Path.Combine(second.Mount.Source, "large")));

        await caches.EndAsync(second, hasEnded: true, hasSucceeded: true);
        Assert.Empty(OnDisk);
        Assert.Equal(0, caches.UsedBytes);
    }

    [Fact]
    public async Task Many_empty_ones_count_as_well()
    {
        await scratch!.DisposeAsync();
        await OpenAsync(Megabyte);

        for (int number = 0; number < 100; number++)
            await caches!.EndAsync(await BeginAsync($"{number}"), hasEnded: true, hasSucceeded: true);

        Assert.Equal(Megabyte / NamedCache.BytesOfItself, OnDisk.Length);
    }

    [Fact]
    public async Task The_next_worker_takes_them_over_with_their_order_and_size()
    {
        await WriteAsync("one", 3 * Megabyte);
        time.Advance(TimeSpan.FromSeconds(1));
        await WriteAsync("two", 3 * Megabyte);
        time.Advance(TimeSpan.FromSeconds(1));
        await WriteAsync("one", Megabyte);
        long used = caches!.UsedBytes;
        await scratch!.DisposeAsync();

        await OpenAsync(10 * Megabyte);
        Assert.Equal(used, caches.UsedBytes);
        Assert.Equal(Megabyte, await SizeInAsync("one"));
        await scratch.DisposeAsync();

        await OpenAsync(2 * Megabyte);
        Assert.Single(OnDisk);
        Assert.Equal(Megabyte, await SizeInAsync("one"));
    }

    [Theory]
    [InlineData("busy")]
    [InlineData("no key")]
    [InlineData("no size")]
    [InlineData("another boot")]
    [InlineData("another user")]
    public async Task What_may_be_broken_is_not_taken_over(string what)
    {
        await WriteAsync("one", Megabyte);
        await scratch!.DisposeAsync();
        string directory = Assert.Single(OnDisk);
        switch (what)
        {
            case "busy":
                File.WriteAllText(Path.Combine(directory, "busy"), "");
                break;
            case "no key":
                File.Delete(Path.Combine(directory, "key"));
                break;
            case "no size":
                File.WriteAllText(Path.Combine(directory, "size"), "");
                break;
            case "another boot":
                File.WriteAllText(Path.Combine(Root, "boot"), "another");
                break;
            default:
                Needs.ActionUsers();
                Assert.Equal(0, RemoteExec.Native.Libc.LChOwn(Path.Combine(directory, "files"), 60599, 60599));
                break;
        }

        await OpenAsync(10 * Megabyte);

        Assert.Null(await SizeInAsync("one"));
        Assert.DoesNotContain(directory, OnDisk);
    }

    [Fact]
    public async Task A_worker_that_was_killed_in_the_middle_of_a_use_has_lost_only_what_that_had_written()
    {
        await WriteAsync("one", Megabyte);
        CacheHold hold = await BeginAsync("one");
        File.WriteAllText(Path.Combine(hold.Mount.Changes!, "upper", "file"), "changed");
        await scratch!.DisposeAsync();

        await OpenAsync(10 * Megabyte);

        Assert.Equal(Megabyte, await SizeInAsync("one"));
    }

    [Fact]
    public async Task What_can_not_be_merged_drops_the_cache_but_not_from_under_its_users()
    {
        await WriteAsync("one", Megabyte);
        CacheHold reader = await BeginAsync("one"), writer = await BeginAsync("one");
        File.WriteAllText(Path.Combine(writer.Mount.Changes!, "upper", "new"), "");
        string size = Path.Combine(writer.Cache.Path, "size");
        File.Delete(size);
        Directory.CreateDirectory(size); // so that the new size can't be noted

        await caches!.EndAsync(writer, hasEnded: true, hasSucceeded: true);
        Assert.True(File.Exists(Path.Combine(reader.Mount.Source, "file")));
        Assert.Null(await SizeInAsync("one"));

        await caches.EndAsync(reader, hasEnded: true, hasSucceeded: true);
        Assert.False(Directory.Exists(reader.Cache.Path));
    }

    [Fact]
    public async Task However_many_use_them_at_once_what_is_counted_is_what_is_there()
    {
        var chance = Chance.Create();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(user => Task.Run(() => UseAsync(user, chance.ForCase(user).Random))));

        Assert.Equal(OnDisk.Sum(cache => NamedCache.BytesOfItself - DiskSpace.Of(FilesOf(cache)) + DiskSpace.OfTree($"{cache}/files", FilesOf(cache))), caches!.UsedBytes);
        Assert.InRange(caches.UsedBytes, 1, 10 * Megabyte);
        Assert.All(OnDisk, cache => Assert.False(File.Exists($"{cache}/busy")));

        static FileStatus FilesOf(string cache) => DiskSpace.StatusOf($"{cache}/files");
    }

    private async Task UseAsync(int user, Random random)
    {
        for (int round = 0; round < 25 * Chance.Effort; round++)
        {
            CacheHold hold = await BeginAsync($"{random.Next(6)}");
            string directory = Path.Combine(hold.Mount.Changes!, "upper", $"{random.Next(3)}");
            Directory.CreateDirectory(directory);
            File.WriteAllBytes(Path.Combine(directory, $"{random.Next(5)}"), new byte[random.Next(300_000)]);
            File.WriteAllBytes(Path.Combine(directory, $"own-{user}-{round}"), new byte[random.Next(300_000)]);
            await caches!.EndAsync(hold, hasEnded: true, hasSucceeded: random.Next(5) > 0);
        }
    }

    private async ValueTask OpenAsync(long maxBytes)
    {
        scratch = await ScratchDirectory.OpenAsync(Path.Combine(temp.Path, "scratch"), NullLogger.Instance);
        caches = NamedCaches.Open(scratch, maxBytes, NullLogger.Instance, time);
    }

    private Task<CacheHold> BeginAsync(string key) =>
        caches!.BeginAsync(key, "kept", Path.Combine(scratch!.Actions, $"{Interlocked.Increment(ref uses)}"), owner: null, overlays: true, TestContext.Current.CancellationToken);

    private async Task WriteAsync(string key, long bytes)
    {
        CacheHold hold = await BeginAsync(key);
        File.WriteAllBytes(Path.Combine(hold.Mount.Changes!, "upper", "file"), new byte[bytes]);
        await caches!.EndAsync(hold, hasEnded: true, hasSucceeded: true);
    }

    private async Task<long?> SizeInAsync(string key)
    {
        CacheHold hold = await BeginAsync(key);
        var file = new FileInfo(Path.Combine(hold.Mount.Source, "file"));
        long? size = file.Exists ? file.Length : null;
        await caches!.EndAsync(hold, hasEnded: true, hasSucceeded: true);
        return size;
    }
}
