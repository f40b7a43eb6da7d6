using RemoteExec.Cas.Stores.Segments;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Stores.Segments;

public sealed class StoreDirectoryTests : IDisposable
{
    private readonly StoreFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_directory_belongs_to_one_store_at_a_time()
    {
        SegmentStore store = await folder.OpenAsync();

        StoreLockedException refusal = await Assert.ThrowsAsync<StoreLockedException>(async () => await folder.OpenAsync());
        Assert.Equal(Environment.ProcessId, refusal.OwnerProcessId);
        Assert.Equal(folder.Path, refusal.Path);
        await store.PutAsync([1]);

        await store.DisposeAsync();
        await store.DisposeAsync();
        await using SegmentStore next = await folder.OpenAsync();
        Assert.Equal(1, next.Statistics.Blobs);
    }

    [Fact]
    public async Task A_newer_format_is_refused_and_left_alone()
    {
        await (await folder.OpenAsync()).DisposeAsync();
        string file = Path.Combine(folder.Path, "format");
        string text = (await File.ReadAllTextAsync(file, StoreFolder.Token)).Replace("version 1", "version 2", StringComparison.Ordinal);
        await File.WriteAllTextAsync(file, text, StoreFolder.Token);

        StoreFormatException refusal = await Assert.ThrowsAsync<StoreFormatException>(async () => await folder.OpenAsync());

        Assert.Contains("version 2", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(text, await File.ReadAllTextAsync(file, StoreFolder.Token));
    }

    [Theory]
    [InlineData("")]
    [InlineData("something else\n")]
    [InlineData("remoteexec segments\nversion 1\n")]
    [InlineData("remoteexec segments\nversion 1\nkey 00\n")]
    [InlineData("remoteexec segments\nversion 1\nkey 0000000000000000000000000000000000000000000000000000000000000000 00000000\n")]
    public async Task A_damaged_format_file_is_refused(string text)
    {
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "format"), text, StoreFolder.Token);

        await Assert.ThrowsAsync<StoreFormatException>(async () => await folder.OpenAsync());
    }

    [Fact]
    public async Task Segments_without_a_format_file_are_not_touched()
    {
        await using (SegmentStore store = await folder.OpenAsync())
            await store.PutAsync([1]);
        File.Delete(Path.Combine(folder.Path, "format"));

        await Assert.ThrowsAsync<StoreFormatException>(async () => await folder.OpenAsync());

        Assert.Single(folder.Segments());
    }

    [Fact]
    public async Task Only_the_owner_may_read_what_is_stored()
    {
        if (OperatingSystem.IsWindows())
            throw new NotSupportedException("file modes are those of UNIX");
        string path = Path.Combine(folder.Path, "new");
        await using (SegmentStore store = await SegmentStore.OpenAsync(
            folder.Options() with { Path = path }, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, TimeProvider.System, StoreFolder.Token))
        {
            await store.PutAsync([1]);
            await store.PutAsync(new byte[5_000_000]);
        }

        const UnixFileMode others = ~(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(path) & others);
        string[] files = Directory.GetFiles(path);
        Assert.True(files.Length >= 6, string.Join(", ", files));
        foreach (string file in files)
            Assert.Equal((file, UnixFileMode.UserRead | UnixFileMode.UserWrite), (file, File.GetUnixFileMode(file)));
    }

    [Fact]
    public async Task Bad_options_are_told_all_at_once()
    {
        var options = new SegmentStoreOptions { Path = " ", MaxBytes = 100, SegmentBytes = 3 };

        Assert.Equal(3, options.Validate().Count());
        Assert.Empty(folder.Options().Validate());
        Assert.Single(new SegmentStoreOptions { Path = "x", MaxBytes = 1 << 20, SegmentBytes = 1 << 19 }.Validate());
        ArgumentException refusal = await Assert.ThrowsAsync<ArgumentException>(async () => await SegmentStore.OpenAsync(
            options, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, TimeProvider.System, StoreFolder.Token));
        Assert.Contains("maxBytes is 100", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_path_that_is_a_file_is_unavailable()
    {
        string path = Path.Combine(folder.Path, "file");
        await File.WriteAllTextAsync(path, "", StoreFolder.Token);

        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await SegmentStore.OpenAsync(
            folder.Options() with { Path = path }, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, TimeProvider.System, StoreFolder.Token));
    }
}
