using Google.Protobuf;
using Microsoft.Extensions.Logging;
using RemoteExec.Cas;
using RemoteExec.Cas.Builds;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Protocol;
using RemoteExec.References.Stores;

namespace RemoteExec.References.Tests;

/// <summary>What references name outlives uploads that would drive it out of a real store on disk.</summary>
public sealed class ReferenceKeeperTests : IAsyncLifetime
{
    private const int SegmentBytes = 64 << 10;
    private const int MaxBytes = 16 * SegmentBytes;
    private static readonly TimeSpan quietTime = TimeSpan.FromHours(3);
    private readonly TemporaryDirectory directory = new();
    private readonly ManualTimeProvider time = new();
    private readonly RecordingLogger log = new();
    private LoggerFactory loggers = null!;
    private LiveBuilds builds = null!;
    private SegmentStore cas = null!;
    private DatabaseReferenceStore store = null!;
    private ReferenceBook book = null!;
    private int seed = 1000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        loggers = new LoggerFactory([log]);
        builds = new LiveBuilds(quietTime, time);
        cas = await SegmentStore.OpenAsync(new SegmentStoreOptions { Path = directory["cas"], MaxBytes = MaxBytes, SegmentBytes = SegmentBytes }, builds, loggers.CreateLogger("cas"), time, Token);
        store = DatabaseReferenceStore.Open(directory["references.db"]);
        book = new ReferenceBook(store, cas, time);
    }

    public async ValueTask DisposeAsync()
    {
        await cas.DisposeAsync();
        store.Dispose();
        loggers.Dispose();
        directory.Dispose();
    }

    [Fact]
    public async Task What_a_reference_names_stays_and_goes_when_the_reference_is_deleted()
    {
        (Digest kept, Digest file) = await TreeAsync(1);
        (Digest forgotten, _) = await TreeAsync(2);
        await SetAsync("kept", kept);
        await SetAsync("forgotten", forgotten);
        await book.DeleteAsync(default, NameOf("forgotten"), null, Token);
        await using ReferenceKeeper keeper = Keeper();

        for (int hour = 0; hour < 12; hour++)
        {
            await keeper.KeepAllAsync(Token);
            await FillAsync(MaxBytes);
            time.Advance(TimeSpan.FromHours(1));
        }

        Assert.Empty(await cas.FindMissingAsync([kept, file], Token));
        Assert.Equal([forgotten], await cas.FindMissingAsync([forgotten], Token));
        Assert.DoesNotContain(log.Entries, entry => entry.Level >= LogLevel.Warning);
    }

    [Fact]
    public async Task What_is_lost_all_the_same_is_told_by_name()
    {
        (Digest root, Digest file) = await TreeAsync(1);
        await SetAsync("releases/one", root);
        await FillAsync(5 * MaxBytes); // without anybody who keeps it
        Assert.Equal([file], await cas.FindMissingAsync([file], Token));
        await using ReferenceKeeper keeper = Keeper();

        await keeper.KeepAllAsync(Token);

        Assert.Contains(log.Entries, entry => entry.Level == LogLevel.Error && entry.Text.Contains("releases/one", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Names_that_are_gone_are_forgotten_after_a_month()
    {
        (Digest root, _) = await TreeAsync(1);
        await SetAsync("expires", root, TimeSpan.FromDays(1));
        await SetAsync("deleted", root);
        await SetAsync("stays", root);
        await book.DeleteAsync(default, NameOf("deleted"), null, Token);
        await using ReferenceKeeper keeper = Keeper();

        time.Advance(TimeSpan.FromDays(29.5));
        await keeper.KeepAllAsync(Token);
        Assert.Equal(3, (await store.ListAsync(default, "", "", 10, Token)).Count);
        time.Advance(TimeSpan.FromDays(1));
        await keeper.KeepAllAsync(Token);
        Assert.Equal(["expires", "stays"], (await store.ListAsync(default, "", "", 10, Token)).Select(record => record.Name.Value));
        time.Advance(TimeSpan.FromDays(1));
        await keeper.KeepAllAsync(Token);

        Assert.Equal(["stays"], (await store.ListAsync(default, "", "", 10, Token)).Select(record => record.Name.Value));
    }

    private static ReferenceName NameOf(string text) => ReferenceName.TryParse(text, out ReferenceName name, out string? error) ? name : throw new ArgumentException(error);

    private ReferenceKeeper Keeper() => new(store, cas, builds, Timeout.InfiniteTimeSpan, loggers.CreateLogger("references"), time);

    private Task<Reference> SetAsync(string name, Digest root, TimeSpan? life = null) =>
        book.SetAsync(default, new ReferenceChange(NameOf(name), new ReferenceTarget(root, IsDirectory: true), null, life, "", ""), Token);

    private async Task<(Digest Root, Digest File)> TreeAsync(int number)
    {
        TestBlob file = TestBlob.Random(number, 20_000);
        await cas.WriteAllAsync(file.Digest, file.Content, Token);
        TestBlob root = TestBlob.Of(new Reapi.Directory { Files = { new Reapi.FileNode { Name = "file", Digest = file.Digest.ToProto() } } }.ToByteArray());
        await cas.WriteAllAsync(root.Digest, root.Content, Token);
        return (root.Digest, file.Digest);
    }

    // As somebody uploads who names no build.
    private async Task FillAsync(int bytes)
    {
        LiveBuilds.SetNameless();
        for (int written = 0; written < bytes; written += 10_000)
        {
            TestBlob blob = TestBlob.Random(seed++, 10_000);
            await cas.WriteAllAsync(blob.Digest, blob.Content, Token);
        }
    }
}
