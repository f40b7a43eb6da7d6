using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Composition;

public sealed class ReplicatorTests : IAsyncLifetime
{
    private readonly ManualTimeProvider time = new();
    private readonly RecordingLogger logger = new();
    private readonly MemoryStore from = new(64 * 1024 * 1024);
    private readonly MemoryStore kept = new(64 * 1024 * 1024);
    private readonly FaultyStore to;
    private readonly Replicator replicator;
    private readonly TestBlob blob = TestBlob.Random(1, 300_000);

    public ReplicatorTests()
    {
        to = new FaultyStore(kept);
        replicator = new Replicator(new ReplicatorOptions { Name = "pair", MaxPending = 3, MaxConcurrent = 2, MaxBytesInFlight = 500_000 }, logger, time);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => replicator.DisposeAsync();

    [Fact]
    public async Task A_copy_is_made_of_what_the_target_lacks()
    {
        await from.WriteAllAsync(blob.Digest, blob.Content, Token);

        replicator.Enqueue(blob.Digest, from, to);
        await replicator.WhenIdleAsync();

        Assert.Equal(blob.Content, await kept.ReadAllAsync(blob.Digest, 300_000, Token));
        Assert.Equal(0, replicator.Pending);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_the_target_has_is_replaced_only_if_that_is_asked_for(bool overwrites)
    {
        byte[] other = TestBlob.Random(2, 100).Content;
        await from.WriteAllAsync(blob.Digest, blob.Content, Token);
        await kept.WriteAllAsync(blob.Digest, other, Token);

        replicator.Enqueue(blob.Digest, from, to, overwrites);
        await replicator.WhenIdleAsync();

        Assert.Equal(overwrites ? blob.Content : other, await kept.ReadAllAsync(blob.Digest, 300_000, Token));
    }

    [Fact]
    public async Task What_is_asked_for_twice_is_copied_once()
    {
        await from.WriteAllAsync(blob.Digest, blob.Content, Token);
        var release = new TaskCompletionSource();
        int writes = 0;
        to.Before = async (operation, _) =>
        {
            if (operation == StoreOperation.OpenWrite)
            {
                Interlocked.Increment(ref writes);
                await release.Task;
            }
        };

        replicator.Enqueue(blob.Digest, from, to, overwrites: true);
        replicator.Enqueue(blob.Digest, from, to, overwrites: true);
        release.SetResult();
        await replicator.WhenIdleAsync();

        Assert.Equal(1, writes);
    }

    [Fact]
    public async Task What_is_gone_by_then_is_not_copied()
    {
        replicator.Enqueue(blob.Digest, from, to);
        await replicator.WhenIdleAsync();

        Assert.Equal(0, replicator.Pending);
        Assert.Empty(logger.Entries);
    }

    [Fact]
    public async Task A_target_out_of_reach_gets_it_once_it_is_back()
    {
        await from.WriteAllAsync(blob.Digest, blob.Content, Token);
        to.Fail(StoreOperation.FindMissing, () => new StoreUnavailableException("to", null));
        replicator.Enqueue(blob.Digest, from, to);
        await replicator.WhenIdleAsync();
        time.Advance(TimeSpan.FromSeconds(1));
        await replicator.WhenIdleAsync();
        Assert.Equal(1, replicator.Pending);

        to.Before = null;
        time.Advance(TimeSpan.FromSeconds(2));
        await replicator.WhenIdleAsync();

        Assert.True(await kept.ContainsAsync(blob.Digest, Token));
        Assert.Equal(0, replicator.Pending);
        Assert.Equal(["store 'pair' has caught up: what was written while a part of it was out of reach is everywhere where it belongs"], logger.Entries.Select(entry => entry.Text));
    }

    [Fact]
    public async Task What_was_put_off_is_tried_at_once_when_a_store_is_back()
    {
        await from.WriteAllAsync(blob.Digest, blob.Content, Token);
        to.Fail(StoreOperation.FindMissing, () => new StoreUnavailableException("to", null));
        replicator.Enqueue(blob.Digest, from, to);
        await replicator.WhenIdleAsync();
        to.Before = null;

        replicator.TryAgain();

        await replicator.WhenIdleAsync();
        Assert.True(await kept.ContainsAsync(blob.Digest, Token));
    }

    [Fact]
    public async Task After_an_hour_it_is_given_up_and_told()
    {
        await from.WriteAllAsync(blob.Digest, blob.Content, Token);
        to.Fail(StoreOperation.FindMissing, () => new StoreUnavailableException("to", null));
        replicator.Enqueue(blob.Digest, from, to);
        await replicator.WhenIdleAsync();

        for (int i = 0; i < 130; i++)
        {
            time.Advance(TimeSpan.FromSeconds(30));
            await replicator.WhenIdleAsync();
        }

        Assert.Equal(0, replicator.Pending);
        Assert.Equal(["1 copies in the background of store 'pair' were dropped: too many waited, or the target did not take them"], logger.Entries.Select(entry => entry.Text));
    }

    [Fact]
    public async Task What_comes_while_too_many_wait_is_dropped_and_told_once_a_minute()
    {
        var release = new TaskCompletionSource();
        to.Before = async (_, _) => await release.Task;
        TestBlob[] blobs = [.. Enumerable.Range(0, 8).Select(i => TestBlob.Random(10 + i, 10))];

        foreach (TestBlob one in blobs[..6])
            replicator.Enqueue(one.Digest, from, to);
        time.Advance(TimeSpan.FromMinutes(1));
        foreach (TestBlob one in blobs[6..])
            replicator.Enqueue(one.Digest, from, to);

        Assert.Equal(3, replicator.Pending);
        Assert.Equal([1L, 3L], logger.Entries.Select(entry => long.Parse(entry.Text.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture)));
        release.SetResult();
    }

    [Fact]
    public async Task Bytes_in_flight_are_bounded()
    {
        TestBlob[] blobs = [.. Enumerable.Range(0, 3).Select(i => TestBlob.Random(20 + i, 300_000))];
        foreach (TestBlob one in blobs)
            await from.WriteAllAsync(one.Digest, one.Content, Token);
        int under = 0, most = 0;
        to.Before = (operation, _) =>
        {
            if (operation == StoreOperation.OpenWrite)
                most = Math.Max(most, Interlocked.Increment(ref under));
            if (operation == StoreOperation.Commit)
                Interlocked.Decrement(ref under);
            return ValueTask.CompletedTask;
        };

        foreach (TestBlob one in blobs)
            replicator.Enqueue(one.Digest, from, to);
        await replicator.WhenIdleAsync();

        Assert.Equal(1, most); // two would have 600,000 bytes
        Assert.Empty(await kept.FindMissingAsync([.. blobs.Select(one => one.Digest)], Token));
    }

    [Fact]
    public async Task Disposing_ends_what_is_under_way()
    {
        var stopped = new Replicator(new ReplicatorOptions { Name = "pair" }, NullLogger.Instance, time);
        var hanging = new HangingStore();
        stopped.Enqueue(blob.Digest, hanging, to);
        await hanging.IsHanging;

        await stopped.DisposeAsync();

        Assert.Equal(0, stopped.Pending);
        stopped.Enqueue(blob.Digest, hanging, to);
        Assert.Equal(0, stopped.Pending);
    }

    private sealed class HangingStore : IBlobStore
    {
        private readonly TaskCompletionSource hanging = new();

        public Task IsHanging => hanging.Task;

        public ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken) => throw new NotSupportedException();

        public async ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken)
        {
            hanging.SetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return null;
        }

        public ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
