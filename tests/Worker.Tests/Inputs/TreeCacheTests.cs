using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.TestKit;
using RemoteExec.Worker.Inputs;

namespace RemoteExec.Worker.Tests.Inputs;

public sealed class TreeCacheTests
{
    private const int Files = 20;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Many_who_want_one_tree_wait_for_one_build()
    {
        await using InputFixture fixture = await InputFixture.MakeAsync();
        var release = new TaskCompletionSource();
        int reads = 0;
        ActionLease lease = await LeaseAsync(fixture, "same");
        fixture.BeforeFiles(async _ =>
        {
            Interlocked.Increment(ref reads);
            await release.Task;
        });

        Task<InputLayer>[] waiting = [.. Enumerable.Range(0, 10).Select(_ => fixture.LayerAsync(lease))];
        release.SetResult();
        InputLayer[] layers = await Task.WhenAll(waiting);

        Assert.Equal(Files, reads);
        Assert.Single(layers.Select(layer => Assert.Single(layer.Binds).Source).Distinct());
        Assert.Single(fixture.CachedTrees());
        foreach (InputLayer layer in layers)
            await layer.DisposeAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Who_waits_for_a_build_that_is_given_up_builds_himself(bool isCancelled)
    {
        await using InputFixture fixture = await InputFixture.MakeAsync();
        using var cancellation = new CancellationTokenSource();
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        ActionLease lease = await LeaseAsync(fixture, "tree");
        fixture.BeforeFiles(async _ =>
        {
            if (release.Task.IsCompleted)
                return;
            reached.TrySetResult();
            await release.Task;
        });

        Task<InputLayer> first = fixture.LayerAsync(lease, cancellation.Token);
        await reached.Task;
        Task<InputLayer> second = fixture.LayerAsync(lease);
        if (isCancelled)
            await cancellation.CancelAsync();
        release.SetException(new StoreUnavailableException("disk", null));

        Exception? failure = await Record.ExceptionAsync(() => first);
        Assert.True(failure is OperationCanceledException or StoreUnavailableException, $"{failure}");
        await using InputLayer layer = await second;
        Assert.Equal(Files, Directory.GetFiles(Assert.Single(layer.Binds).Source).Length);
        Assert.Single(fixture.CachedTrees());
    }

    [Fact]
    public async Task The_tree_that_was_not_used_for_longest_makes_room_with_its_files()
    {
        await using InputFixture fixture = await InputFixture.MakeAsync(options => options with { FileCacheBytes = 150 }); // the files of a tree have 70
        ActionLease[] leases = [await LeaseAsync(fixture, "a"), await LeaseAsync(fixture, "b"), await LeaseAsync(fixture, "c")];

        foreach (int i in (int[])[0, 1, 0, 2])
            await (await fixture.LayerAsync(leases[i])).DisposeAsync();

        var read = new List<Digest>();
        fixture.BeforeFiles(digest =>
        {
            lock (read)
                read.Add(digest);
            return ValueTask.CompletedTask;
        });
        await (await fixture.LayerAsync(leases[0])).DisposeAsync();
        await (await fixture.LayerAsync(leases[2])).DisposeAsync();
        Assert.Empty(read);
        Assert.Equal(2, fixture.CachedTrees().Length);
        await (await fixture.LayerAsync(leases[1])).DisposeAsync();
        Assert.NotEmpty(read);
    }

    [Fact]
    public void A_file_that_a_tree_links_to_counts_as_long_as_the_tree_is_there()
    {
        var room = new CacheRoom(10, int.MaxValue);
        var file = new FakeEntry { Bytes = 8 };
        var tree = new FakeEntry { Nodes = 1, Links = file, Room = room };
        var other = new FakeEntry { Bytes = 8 };
        Use(room, file, keep: true);
        Use(room, tree);
        room.Unpin(file); // by who fetched it; the tree has it still

        Use(room, other, keep: true);
        Assert.Equal(16, room.UsedBytes);
        Assert.False(file.IsDeleted);

        room.Unpin(other);
        Assert.True(tree.IsDeleted && file.IsDeleted);
        Assert.False(other.IsDeleted);
        Assert.Equal(8, room.UsedBytes);
    }

    [Fact]
    public async Task Trees_in_use_survive_while_others_come_and_go()
    {
        await using InputFixture fixture = await InputFixture.MakeAsync(options => options with { FileCacheBytes = 100, CacheNodes = 100 });
        var chance = Chance.Create();
        (ActionLease Lease, SortedDictionary<string, string> Expected)[] actions = await Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
        {
            ActionLease lease = await LeaseAsync(fixture, $"a{i / 2}", $"b{i}");
            await using InputLayer layer = await fixture.LayerAsync(lease);
            return (lease, RootSnapshot.Of(layer));
        }));

        await Parallel.ForEachAsync(Enumerable.Range(0, 120 * Chance.Effort), new ParallelOptions { MaxDegreeOfParallelism = 6, CancellationToken = Cancellation }, async (i, _) =>
        {
            (ActionLease lease, SortedDictionary<string, string> expected) = actions[chance.ForCase(i).Random.Next(actions.Length)];
            await using InputLayer layer = await fixture.LayerAsync(lease);
            Assert.True(expected.SequenceEqual(RootSnapshot.Of(layer)), $"{chance}");
        });

        Assert.True(fixture.CachedTrees().Length <= 2, $"{chance}: {fixture.CachedTrees().Length} trees are left");
    }

    [Fact]
    public async Task What_could_not_be_built_leaves_nothing()
    {
        await using InputFixture fixture = await InputFixture.MakeAsync();
        MerkleTreeBuilder tree = InputFixture.NewTree();
        await LayerTests.AddFilesAsync(fixture, tree, "d", Files);
        tree.AddFile($"d/{new string('x', 300)}", await fixture.StoreAsync("x"));

        InvalidActionException exception = await Assert.ThrowsAsync<InvalidActionException>(async () => await fixture.LayerAsync(await fixture.LeaseAsync(tree.Build())));

        Assert.Contains("too long", exception.Message, StringComparison.Ordinal);
        Assert.Empty(fixture.CachedTrees());
    }

    private static async Task<ActionLease> LeaseAsync(InputFixture fixture, params string[] directories)
    {
        MerkleTreeBuilder tree = InputFixture.NewTree();
        foreach (string directory in directories)
            await LayerTests.AddFilesAsync(fixture, tree, directory, Files);
        return await fixture.LeaseAsync(tree.Build());
    }

    private static void Use(CacheRoom room, FakeEntry entry, bool keep = false)
    {
        lock (room.Gate)
        {
            room.Pin(entry);
            room.Add(entry);
            if (entry.Links is { } file)
                room.Pin(file);
        }

        if (!keep)
            room.Unpin(entry);
    }

    private sealed class FakeEntry() : CacheEntry("/nowhere")
    {
        public FakeEntry? Links { get; init; }

        public CacheRoom? Room { get; init; }

        public bool IsDeleted { get; private set; }

        public override void Forget()
        {
            if (Links is not null)
                Room!.UnpinFirstToGo(Links);
        }

        public override void Delete() => IsDeleted = true;
    }
}
