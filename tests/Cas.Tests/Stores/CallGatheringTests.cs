using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.TestKit;
using ReadGathering = RemoteExec.Cas.Stores.CallGathering<RemoteExec.Protocol.Digest, RemoteExec.Cas.Stores.SmallRead>;

namespace RemoteExec.Cas.Tests.Stores;

public sealed class CallGatheringTests
{
    private readonly List<(Digest[] Digests, TaskCompletionSource Release)> calls = [];
    private readonly ReadGathering gathering;

    public CallGatheringTests() => gathering = new ReadGathering(digest => digest, async (digests, cancellation) =>
    {
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (calls)
            calls.Add((digests, release));
        await release.Task.WaitAsync(cancellation);
        return Array.ConvertAll(digests, digest => new SmallRead(IsAnswered: true, [(byte)digest.SizeBytes]));
    });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Reads_are_calls_of_their_own_while_few_are_under_way()
    {
        Task<SmallRead>[] reads = Read(ReadGathering.MaxCalls);

        Assert.Equal(Enumerable.Repeat(1, ReadGathering.MaxCalls), Sizes());
        await ReleaseAllAsync(reads);
    }

    [Fact]
    public async Task Reads_that_come_meanwhile_share_the_next_call()
    {
        Task<SmallRead>[] reads = Read(ReadGathering.MaxCalls + 10);

        await ReleaseAsync(0);

        Assert.Equal([.. Enumerable.Repeat(1, ReadGathering.MaxCalls), 10], Sizes());
        await ReleaseAllAsync(reads);
    }

    [Fact]
    public async Task A_call_is_for_so_many_blobs_and_so_many_bytes()
    {
        Task<SmallRead>[] reads = [.. Read(ReadGathering.MaxCalls), .. Read(ReadGathering.MaxBlobs + 1), .. Read(40, 64 * 1024)];

        await ReleaseAsync(0);
        await ReleaseAsync(1);
        await ReleaseAsync(2);

        Assert.Equal([ReadGathering.MaxBlobs, 1 + 15, 16], Sizes()[ReadGathering.MaxCalls..]); // sixteen of them are as much as goes
        await ReleaseAllAsync(reads);
    }

    [Fact]
    public async Task Where_the_one_who_calls_is_cancelled_the_others_get_another_call()
    {
        using var cancellation = new CancellationTokenSource();
        Task<SmallRead>[] reads = Read(ReadGathering.MaxCalls);
        Task<SmallRead> caller = gathering.CallAsync(DigestOf(1), cancellation.Token);
        Task<SmallRead>[] others = Read(5);
        await ReleaseAsync(0);
        Assert.Equal(6, Sizes()[^1]);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => caller);
        await SettleAsync(ReadGathering.MaxCalls + 2);
        Assert.Equal(5, Sizes()[^1]);
        await ReleaseAllAsync([.. reads, .. others]);
    }

    [Fact]
    public async Task Whoever_is_cancelled_while_he_waits_is_read_for_no_longer_and_blocks_nobody()
    {
        using var cancellation = new CancellationTokenSource();
        Task<SmallRead>[] reads = Read(ReadGathering.MaxCalls);
        Task<SmallRead>[] gone = [.. Enumerable.Range(0, 5).Select(_ => gathering.CallAsync(DigestOf(1), cancellation.Token))];
        Task<SmallRead>[] others = Read(3);

        await cancellation.CancelAsync();
        foreach (Task<SmallRead> read in gone)
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
        await ReleaseAsync(0);

        Assert.Equal(3, Sizes()[^1]);
        await ReleaseAllAsync([.. reads, .. others]);
    }

    [Fact]
    public async Task A_call_that_fails_fails_for_all_that_share_it_and_for_nobody_else()
    {
        Task<SmallRead>[] reads = Read(ReadGathering.MaxCalls), shared = Read(5);
        await ReleaseAsync(0);
        Task<SmallRead>[] later = Read(2);

        calls[^1].Release.SetException(new StoreUnavailableException("there", null));

        foreach (Task<SmallRead> read in shared)
            await Assert.ThrowsAsync<StoreUnavailableException>(() => read);
        await ReleaseAllAsync([.. reads, .. later]);
    }

    [Fact]
    public async Task What_is_read_for_different_builds_or_instances_shares_no_call()
    {
        Task<SmallRead>[] reads = Read(ReadGathering.MaxCalls);
        Task<SmallRead> first = gathering.CallAsync(DigestOf(1), Token);
        CallMetadata.Current = new CallMetadata([1]);
        Task<SmallRead> second = gathering.CallAsync(DigestOf(1), Token);
        CallMetadata.Current = null;
        Task<SmallRead> third = gathering.CallAsync(TestBlob.Of([1], "other").Digest, Token);

        await ReleaseAllAsync([.. reads, first, second, third]);

        Assert.All(Sizes(), size => Assert.Equal(1, size));
        Assert.Equal(ReadGathering.MaxCalls + 3, calls.Count);
    }

    [Fact]
    public async Task Whatever_is_cancelled_when_no_call_is_lost()
    {
        var chance = Chance.Create();
        var busy = new ReadGathering(digest => digest, async (digests, cancellation) =>
        {
            await Task.Yield();
            cancellation.ThrowIfCancellationRequested();
            return new SmallRead[digests.Length];
        });

        for (int round = 0; round < 50 * Chance.Effort; round++)
        {
            using var cancellation = new CancellationTokenSource();
            Task[] reads = [.. Enumerable.Range(0, 100).Select(_ => Record.ExceptionAsync(() => busy.CallAsync(DigestOf(1), chance.Random.Next(2) == 0 ? cancellation.Token : Token)).AsTask())];
            await cancellation.CancelAsync();
            await Task.WhenAll(reads); // for ever, had a call been lost
        }

        Assert.Equal(default, await busy.CallAsync(DigestOf(1), Token));
    }

    private static Digest DigestOf(int length) => TestBlob.Random(length, length).Digest;

    private Task<SmallRead>[] Read(int count, int length = 1) => [.. Enumerable.Range(0, count).Select(_ => gathering.CallAsync(DigestOf(length), Token))];

    private int[] Sizes()
    {
        lock (calls)
            return [.. calls.Select(call => call.Digests.Length)];
    }

    /// <summary>Ends a call, and waits for the next one.</summary>
    private async Task ReleaseAsync(int call)
    {
        int before = Sizes().Length;
        calls[call].Release.SetResult();
        await SettleAsync(before + 1);
    }

    private async Task SettleAsync(int count)
    {
        while (Sizes().Length < count)
            await Task.Delay(1, Token);
    }

    private async Task ReleaseAllAsync(Task<SmallRead>[] reads)
    {
        while (!reads.All(read => read.IsCompleted))
        {
            lock (calls)
                calls.ForEach(call => call.Release.TrySetResult());
            await Task.Delay(1, Token);
        }

        foreach (Task<SmallRead> read in reads)
            Assert.True((await read).IsAnswered);
    }
}
