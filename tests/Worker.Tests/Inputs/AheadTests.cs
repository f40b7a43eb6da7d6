using Microsoft.Extensions.Logging;
using RemoteExec.Protocol;
using RemoteExec.TestKit;
using RemoteExec.Worker.Inputs;
using RemoteExec.Worker.Services;

namespace RemoteExec.Worker.Tests.Inputs;

/// <summary>Inputs that are fetched before their actions come.</summary>
public sealed class AheadTests : IAsyncDisposable
{
    private const int FileBytes = 1000;
    private readonly RecordingLogger log = new();
    private readonly HashSet<Digest> opened = []; // guards itself
    private InputFixture fixture = null!;
    private InputsAhead ahead = null!;
    private int reads;

    public async ValueTask DisposeAsync()
    {
        await ahead.DisposeAsync();
        await fixture.DisposeAsync();
    }

    [Fact]
    public async Task An_action_whose_inputs_were_fetched_ahead_reads_nothing()
    {
        await MakeAsync();
        ActionLease first = (await LeaseAsync("first", 20)).Lease, second = (await LeaseAsync("second", 20)).Lease;

        await FetchAsync(first, second);
        int before = reads;
        await using InputLayer layer = await fixture.LayerAsync(second);

        Assert.Equal(before, reads);
        Assert.Equal(20, Directory.GetFiles(Assert.Single(layer.Binds).Source).Length);
    }

    [Fact]
    public async Task What_is_fetched_ahead_for_an_action_is_fetched_with_what_came_with_it()
    {
        await MakeAsync();
        (ActionLease first, Digest[] firstFiles) = await LeaseAsync("first", 5);
        (ActionLease second, Digest[] secondFiles) = await LeaseAsync("second", 5);
        var shown = new System.Collections.Concurrent.ConcurrentDictionary<Digest, string?>();
        Before(digest =>
        {
            shown[digest] = WorkerLoop.AuthorizationOfAction;
            return ValueTask.CompletedTask;
        });

        ahead.Expect([Upcoming(first) with { Credential = LeaseCredential.Of("one") }, Upcoming(second) with { Credential = LeaseCredential.Of("two") }]);
        await Eventually.TrueAsync(() => firstFiles.Concat(secondFiles).All(shown.ContainsKey));

        Assert.All(firstFiles, file => Assert.Equal("Bearer one", shown[file]));
        Assert.All(secondFiles, file => Assert.Equal("Bearer two", shown[file]));
        Assert.Null(WorkerLoop.AuthorizationOfAction);
    }

    [Fact]
    public async Task Nothing_is_read_twice_for_an_action_that_comes_while_its_inputs_are_fetched()
    {
        await MakeAsync();
        (ActionLease lease, Digest[] files) = await LeaseAsync("some", 100);
        var begun = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        Before(async digest =>
        {
            if (digest != files[0])
                return;
            begun.SetResult();
            await release.Task;
        });

        ahead.Expect([Upcoming(lease)]);
        await begun.Task;
        ahead.Expect([]);
        Task<InputLayer> layer = fixture.LayerAsync(lease);
        await ReadAsync(files);
        release.SetResult();
        await (await layer).DisposeAsync();

        Assert.Equal(reads, opened.Count);
    }

    [Fact]
    public async Task Actions_that_have_started_go_first()
    {
        await MakeAsync();
        (ActionLease running, Digest[] needed) = await LeaseAsync("running", 1);
        (ActionLease later, Digest[] files) = await LeaseAsync("later", 100);
        var release = new TaskCompletionSource();
        Before(digest => digest == needed[0] ? new ValueTask(release.Task) : ValueTask.CompletedTask);
        Task<InputLayer> layer = fixture.LayerAsync(running);
        await ReadAsync(needed);

        ahead.Expect([Upcoming(later)]);
        await using (InputLayer another = await fixture.LayerAsync((await LeaseAsync("another", 10)).Lease))
            Assert.DoesNotContain(files, IsRead);
        release.SetResult();
        await (await layer).DisposeAsync();

        await ReadAsync(files);
    }

    [Fact]
    public async Task No_more_than_a_part_of_the_room_is_filled_with_what_may_not_come()
    {
        await MakeAsync(filesInRoom: 40);
        (ActionLease large, Digest[] files) = await LeaseAsync("large", 30);
        (ActionLease small, Digest[] more) = await LeaseAsync("small", 1);

        await FetchAsync(large, small);

        Assert.Equal(10, files.Count(IsRead));
        Assert.DoesNotContain(more, IsRead);
    }

    [Fact]
    public async Task What_is_not_expected_any_more_makes_room()
    {
        await MakeAsync(filesInRoom: 40);
        (ActionLease first, Digest[] filesOfFirst) = await LeaseAsync("first", 10);
        (ActionLease second, Digest[] filesOfSecond) = await LeaseAsync("second", 10);

        await FetchAsync(first);
        await FetchAsync(second);

        Assert.All([.. filesOfFirst, .. filesOfSecond], file => Assert.True(IsRead(file)));
    }

    [Fact]
    public async Task What_was_cached_for_long_and_is_expected_stays()
    {
        await MakeAsync(filesInRoom: 40);
        (ActionLease old, Digest[] files) = await LeaseAsync("old", 20);
        await (await fixture.LayerAsync(old)).DisposeAsync();
        await (await fixture.LayerAsync((await LeaseAsync("newer", 20)).Lease)).DisposeAsync();
        (ActionLease like, _) = await LeaseAsync("like", 0, files);

        await FetchAsync(like);
        await (await fixture.LayerAsync((await LeaseAsync("newest", 10)).Lease)).DisposeAsync();
        int before = reads;
        await (await fixture.LayerAsync(like)).DisposeAsync();

        Assert.Equal(before, reads);
    }

    [Fact]
    public async Task What_can_not_be_fetched_is_left_to_its_action_and_others_are_fetched()
    {
        await MakeAsync();
        (ActionLease good, Digest[] files) = await LeaseAsync("good", 3);
        UpcomingAction broken = NotThere();

        ahead.Expect([broken, Upcoming(good)]);
        await ReadAsync(files);

        (LogLevel level, string text, _) = Assert.Single(log.Entries);
        Assert.Equal(LogLevel.Debug, level);
        Assert.Contains(broken.Action.ToString(), text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stopping_ends_it()
    {
        await MakeAsync();
        (ActionLease lease, Digest[] files) = await LeaseAsync("some", 100);
        var release = new TaskCompletionSource();
        Before(digest => files.Contains(digest) ? new ValueTask(release.Task) : ValueTask.CompletedTask);
        ahead.Expect([Upcoming(lease)]);
        await Eventually.TrueAsync(() => files.Any(IsRead));

        Task stopped = ahead.DisposeAsync().AsTask();
        release.SetResult();
        await stopped;
        ahead.Expect([Upcoming(lease)]);

        Assert.InRange(files.Count(IsRead), 1, files.Length - 1);
        Assert.Empty(log.Entries);
    }

    private static UpcomingAction Upcoming(ActionLease lease)
    {
        Assert.True(lease.ActionDigest.TryParseSibling(lease.Action.CommandDigest, out Digest command, out _));
        Assert.True(lease.ActionDigest.TryParseSibling(lease.Action.InputRootDigest, out Digest root, out _));
        return new UpcomingAction(lease.ActionDigest, command, root);
    }

    private async Task MakeAsync(int filesInRoom = 1000)
    {
        fixture = await InputFixture.MakeAsync(options => options with { FileCacheBytes = filesInRoom * FileBytes });
        ahead = new InputsAhead(fixture.Inputs.Ahead, log);
        Before(_ => ValueTask.CompletedTask);
    }

    private UpcomingAction NotThere()
    {
        Digest digest = ActionFixture.Anchor.SiblingOf([(byte)log.Entries.Count]);
        return new UpcomingAction(digest, digest, digest);
    }

    // One after the other: when the last one has failed, what came before has ended.
    private async Task FetchAsync(params ActionLease[] leases)
    {
        int failures = log.Entries.Count;
        ahead.Expect([.. leases.Select(Upcoming), NotThere()]);
        await Eventually.TrueAsync(() => log.Entries.Count > failures);
    }

    private void Before(Func<Digest, ValueTask> before) => fixture.Reads.Before = (operation, digest) =>
    {
        if (operation != StoreOperation.OpenRead)
            return ValueTask.CompletedTask;
        Interlocked.Increment(ref reads);
        lock (opened)
            opened.Add(digest!.Value);
        return before(digest.Value);
    };

    private bool IsRead(Digest digest)
    {
        lock (opened)
            return opened.Contains(digest);
    }

    private Task ReadAsync(Digest[] files) => Eventually.TrueAsync(() => files.All(IsRead));

    private async Task<(ActionLease Lease, Digest[] Files)> LeaseAsync(string name, int count, Digest[]? others = null)
    {
        MerkleTreeBuilder tree = InputFixture.NewTree();
        var files = new Digest[count];
        for (int i = 0; i < count; i++)
            tree.AddFile($"dir/{i}", files[i] = await fixture.StoreAsync($"{name} {i}".PadRight(FileBytes)));
        for (int i = 0; i < others?.Length; i++)
            tree.AddFile($"others/{name}/{i}", others[i]);
        return (await fixture.LeaseAsync(tree.Build(), "", name), files);
    }
}
