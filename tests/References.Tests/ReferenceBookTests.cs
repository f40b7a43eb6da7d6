using Google.Protobuf;
using RemoteExec.Cas;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.References.Stores;

namespace RemoteExec.References.Tests;

/// <summary>The rules of references, over the database and a store in memory.</summary>
public sealed class ReferenceBookTests : IDisposable
{
    private static readonly InstanceName instance = InstanceName.Parse("main");
    private readonly TemporaryDirectory directory = new();
    private readonly ManualTimeProvider time = new();
    private readonly MemoryStore cas = new(10 << 20);
    private readonly DatabaseReferenceStore store;
    private readonly ReferenceBook book;

    public ReferenceBookTests()
    {
        store = DatabaseReferenceStore.Open(directory["references.db"]);
        book = new ReferenceBook(store, cas, time);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        store.Dispose();
        directory.Dispose();
    }

    [Fact]
    public async Task A_head_moves_and_remembers_where_it_was()
    {
        ReferenceTarget first = await BlobAsync(1), second = await BlobAsync(2);

        Reference made = await SetAsync("main", first, note: "one");
        time.Advance(TimeSpan.FromMinutes(1));
        Reference moved = await SetAsync("main", second, note: "two");

        Assert.Equal((1, first), (made.Version, made.Target));
        Assert.Equal((2, second, made.Updated.AddMinutes(1)), (moved.Version, moved.Target, moved.Updated));
        Assert.Equal(moved, await FindAsync("main"));
        Assert.Equal([moved, made], await book.HistoryAsync(instance, NameOf("main"), Token));
    }

    [Fact]
    public async Task A_tag_never_moves()
    {
        ReferenceTarget first = await BlobAsync(1), second = await BlobAsync(2);
        Reference made = await SetAsync("main@v1", first);

        Assert.Equal(made, await SetAsync("main@v1", first));
        TagTakenException taken = await Assert.ThrowsAsync<TagTakenException>(() => SetAsync("main@v1", second));

        Assert.Contains(first.Digest.Hash, taken.Message, StringComparison.Ordinal);
        Assert.Equal(made, await FindAsync("main@v1"));
    }

    [Fact]
    public async Task Who_expects_another_version_changes_nothing()
    {
        ReferenceTarget target = await BlobAsync(1);
        await SetAsync("main", target, expected: 0);

        Assert.Equal(1, (await Assert.ThrowsAsync<ReferenceMovedException>(() => SetAsync("main", target, expected: 0))).Actual);
        await Assert.ThrowsAsync<ReferenceMovedException>(() => SetAsync("main", target, expected: 2));
        await Assert.ThrowsAsync<ReferenceMovedException>(() => SetAsync("none", target, expected: 1));
        await Assert.ThrowsAsync<ReferenceMovedException>(() => book.DeleteAsync(instance, NameOf("main"), 2, Token));

        Assert.Equal(1, (await FindAsync("main"))!.Version);
        Assert.Equal(2, (await SetAsync("main", target, expected: 1)).Version);
    }

    [Fact]
    public async Task Of_many_who_expect_the_same_one_wins()
    {
        ReferenceTarget target = await BlobAsync(1);

        Task<Reference>[] all = [.. Enumerable.Range(0, 30).Select(_ => Task.Run(() => SetAsync("main", target, expected: 0)))];
        while (!all.All(task => task.IsCompleted))
            await Task.WhenAny(all.Where(task => !task.IsCompleted));

        Assert.Equal(1, all.Count(task => task.IsCompletedSuccessfully));
        Assert.All(all.Where(task => task.IsFaulted), task => Assert.IsType<ReferenceMovedException>(task.Exception!.InnerException));
    }

    [Fact]
    public async Task Versions_go_on_after_a_deletion()
    {
        ReferenceTarget target = await BlobAsync(1);
        await SetAsync("main", target);

        Assert.True(await book.DeleteAsync(instance, NameOf("main"), 1, Token));
        Assert.False(await book.DeleteAsync(instance, NameOf("main"), null, Token));

        Assert.Null(await FindAsync("main"));
        Assert.Null(await book.HistoryAsync(instance, NameOf("main"), Token));
        Assert.Equal(3, (await SetAsync("main", target, expected: 0)).Version);
    }

    [Fact]
    public async Task What_expired_is_gone()
    {
        ReferenceTarget target = await BlobAsync(1);
        await SetAsync("a@v1", target, life: TimeSpan.FromHours(1));
        await SetAsync("b", target);

        time.Advance(TimeSpan.FromMinutes(59));
        Assert.NotNull(await FindAsync("a@v1"));
        time.Advance(TimeSpan.FromMinutes(1));

        Assert.Null(await FindAsync("a@v1"));
        Assert.Equal(["b"], (await book.ListAsync(instance, "", "", 10, Token)).References.Select(reference => reference.Name.Value));
        Assert.Equal(2, (await SetAsync("a@v1", await BlobAsync(2), expected: 0)).Version);
    }

    [Fact]
    public async Task Nothing_is_named_that_is_not_there_in_full()
    {
        Digest file = TestBlob.Of([1], "main").Digest;
        byte[] inner = CanonicalDirectory.Sort(new Reapi.Directory { Files = { new Reapi.FileNode { Name = "f", Digest = file.ToProto() } } }).ToByteArray();
        TestBlob child = TestBlob.Of(inner, "main");
        TestBlob root = TestBlob.Of(new Reapi.Directory { Directories = { new Reapi.DirectoryNode { Name = "d", Digest = child.Digest.ToProto() } } }.ToByteArray(), "main");
        var tree = new ReferenceTarget(root.Digest, IsDirectory: true);

        Assert.Equal([root.Digest], (await Assert.ThrowsAsync<TargetIncompleteException>(() => SetAsync("t", tree))).Missing);
        await cas.WriteAllAsync(root.Digest, root.Content, Token);
        Assert.Equal([child.Digest], (await Assert.ThrowsAsync<TargetIncompleteException>(() => SetAsync("t", tree))).Missing);
        await cas.WriteAllAsync(child.Digest, child.Content, Token);
        Assert.Equal([file], (await Assert.ThrowsAsync<TargetIncompleteException>(() => SetAsync("t", tree))).Missing);
        await cas.WriteAllAsync(file, new byte[] { 1 }, Token);
        Assert.Equal(1, (await SetAsync("t", tree)).Version);

        TestBlob text = TestBlob.Of("no directory"u8.ToArray(), "main");
        await cas.WriteAllAsync(text.Digest, text.Content, Token);
        await Assert.ThrowsAsync<TargetIncompleteException>(() => SetAsync("t", new ReferenceTarget(text.Digest, IsDirectory: true)));
        Assert.Equal(2, (await SetAsync("t", new ReferenceTarget(text.Digest, IsDirectory: false))).Version);
    }

    [Fact]
    public async Task Only_the_latest_states_are_remembered()
    {
        ReferenceTarget target = await BlobAsync(1);
        for (int i = 0; i < ReferenceRecord.MaxHistory + 5; i++)
            await SetAsync("main", target);

        IReadOnlyList<Reference>? history = await book.HistoryAsync(instance, NameOf("main"), Token);

        Assert.Equal(Enumerable.Range(6, ReferenceRecord.MaxHistory).Select(version => (long)version).Reverse(), history!.Select(reference => reference.Version));
    }

    [Fact]
    public async Task Who_watches_is_told_of_each_change()
    {
        ReferenceTarget target = await BlobAsync(1);
        await using IAsyncEnumerator<Reference?> watch = book.WatchAsync(instance, NameOf("main"), Token).GetAsyncEnumerator(Token);

        Assert.True(await watch.MoveNextAsync());
        Assert.Null(watch.Current);
        Task<bool> next = watch.MoveNextAsync().AsTask();
        await SetAsync("other", target);
        Reference made = await SetAsync("main", target);
        Assert.True(await next);
        Assert.Equal(made, watch.Current);
        next = watch.MoveNextAsync().AsTask();
        await book.DeleteAsync(instance, NameOf("main"), null, Token);
        Assert.True(await next);
        Assert.Null(watch.Current);
    }

    private static ReferenceName NameOf(string text) => ReferenceName.TryParse(text, out ReferenceName name, out string? error) ? name : throw new ArgumentException(error);

    private Task<Reference?> FindAsync(string name) => book.FindAsync(instance, NameOf(name), Token);

    private Task<Reference> SetAsync(string name, ReferenceTarget target, long? expected = null, TimeSpan? life = null, string note = "") =>
        book.SetAsync(instance, new ReferenceChange(NameOf(name), target, expected, life, "", note), Token);

    private async Task<ReferenceTarget> BlobAsync(byte content)
    {
        TestBlob blob = TestBlob.Of([content], "main");
        await cas.WriteAllAsync(blob.Digest, blob.Content, Token);
        return new ReferenceTarget(blob.Digest, IsDirectory: false);
    }
}
