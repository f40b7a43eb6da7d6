using System.Buffers;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas.Composition;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Composition;

/// <summary>How reads of a slow tier are shared while they fill the fast one.</summary>
public sealed class TierFillTests : IAsyncLifetime
{
    private readonly FailingNode fast = new(), slow = new(256 * 1024 * 1024);
    private readonly TestBlob blob = TestBlob.Random(1, 300_000);
    private readonly TestBlob large = TestBlob.Random(2, (2 * TierFill.WindowBytes) + 12_345);
    private readonly FastSlowStore store;
    private int opened;
    private int filled;

    public TierFillTests()
    {
        store = new FastSlowStore(fast.Store, slow.Store, new FastSlowStoreOptions { Name = "both" }, NullLogger.Instance, TimeProvider.System);
        Count();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => store.DisposeAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task However_many_ask_the_slow_tier_is_read_once_and_the_fast_one_filled_once(bool isLarge)
    {
        TestBlob one = isLarge ? large : blob;
        await slow.Kept.WriteAllAsync(one.Digest, one.Content, Token);

        await Parallel.ForEachAsync(Enumerable.Range(0, 20), new ParallelOptions { MaxDegreeOfParallelism = 20, CancellationToken = Token }, async (_, token) =>
            Assert.Equal(one.Content, await store.ReadAllAsync(one.Digest, one.Content.Length, token)));
        await store.Fills.WhenIdleAsync();

        Assert.Equal((1, 1), (opened, filled));
    }

    [Fact]
    public async Task Of_hundreds_of_small_values_at_a_time_each_is_read_once_however_many_want_them()
    {
        TestBlob[] blobs = [.. Enumerable.Range(10, 300).Select(seed => TestBlob.Random(seed, 1000))];
        foreach (TestBlob one in blobs)
            await slow.Kept.WriteAllAsync(one.Digest, one.Content, Token);
        var held = new TaskCompletionSource();
        Count(async operation =>
        {
            if (operation == StoreOperation.OpenRead)
                await held.Task;
        });

        Task<byte[]?>[] reads = [.. Enumerable.Repeat(blobs, 4).SelectMany(all => all).Select(one => store.ReadAllAsync(one.Digest, 1000, Token).AsTask())];
        held.SetResult();

        Assert.Equal(Enumerable.Repeat(blobs, 4).SelectMany(all => all).Select(one => one.Content), await Task.WhenAll(reads));
        await store.Fills.WhenIdleAsync();
        Assert.Equal((300, 300), (opened, filled));
    }

    [Fact]
    public async Task Who_comes_while_it_is_read_reads_along()
    {
        await slow.Kept.WriteAllAsync(blob.Digest, blob.Content, Token);
        var more = new TaskCompletionSource();
        int reads = 0;
        Count(async operation =>
        {
            if (operation == StoreOperation.Read && Interlocked.Increment(ref reads) == 2)
                await more.Task;
        });
        await using BlobReader? first = await store.OpenReadAsync(blob.Digest, 0, Token);
        await using BlobReader? second = await store.OpenReadAsync(blob.Digest, 0, Token);
        byte[] one = new byte[300_000], other = new byte[300_000];

        int firstRead = await first!.ReadAsync(one, Token), secondRead = await second!.ReadAsync(other, Token);
        Assert.True(firstRead > 0 && secondRead > 0); // what is there is given out though the rest is not
        more.SetResult();
        await ReadToEndAsync(first, one, firstRead);
        await ReadToEndAsync(second, other, secondRead);

        Assert.Equal(blob.Content, one);
        Assert.Equal(blob.Content, other);
        Assert.Equal(1, opened);
    }

    [Fact]
    public async Task Who_is_left_behind_goes_on_in_the_fast_tier()
    {
        await slow.Kept.WriteAllAsync(large.Digest, large.Content, Token);
        await using BlobReader? late = await store.OpenReadAsync(large.Digest, 0, Token);
        byte[] content = new byte[large.Content.Length];
        int read = await late!.ReadAsync(content.AsMemory(0, 1000), Token);

        await store.Fills.WhenIdleAsync();
        await ReadToEndAsync(late, content, read);

        Assert.Equal(large.Content, content);
        Assert.Equal((1, 1), (opened, filled));
    }

    [Theory]
    [InlineData(StoreOperation.OpenWrite)]
    [InlineData(StoreOperation.Write)]
    [InlineData(StoreOperation.Commit)]
    public async Task A_fast_tier_that_fails_does_not_fail_the_read_even_of_who_is_left_behind(StoreOperation operation)
    {
        await slow.Kept.WriteAllAsync(large.Digest, large.Content, Token);
        fast.Store.Fail(operation, () => new StoreUnavailableException("fast", null));
        await using BlobReader? late = await store.OpenReadAsync(large.Digest, 0, Token);
        byte[] content = new byte[large.Content.Length];
        int read = await late!.ReadAsync(content.AsMemory(0, 1000), Token);

        Assert.Equal(large.Content, await store.ReadAllAsync(large.Digest, content.Length, Token));
        await store.Fills.WhenIdleAsync();
        await ReadToEndAsync(late, content, read);

        Assert.Equal(large.Content, content);
        Assert.False(await fast.Kept.ContainsAsync(large.Digest, Token));
    }

    [Fact]
    public async Task The_first_may_leave_without_the_others()
    {
        await slow.Kept.WriteAllAsync(blob.Digest, blob.Content, Token);
        BlobReader? first = await store.OpenReadAsync(blob.Digest, 0, Token);
        await using BlobReader? second = await store.OpenReadAsync(blob.Digest, 0, Token);

        await first!.DisposeAsync();
        byte[] content = new byte[300_000];
        await ReadToEndAsync(second!, content, 0);
        await store.Fills.WhenIdleAsync();

        Assert.Equal(blob.Content, content);
        Assert.True(await fast.Kept.ContainsAsync(blob.Digest, Token));
    }

    [Fact]
    public async Task When_the_last_has_left_it_ends_and_leaves_nothing()
    {
        await slow.Kept.WriteAllAsync(blob.Digest, blob.Content, Token);
        var held = new TaskCompletionSource();
        Count(async operation =>
        {
            if (operation == StoreOperation.Read)
                await held.Task;
        });
        BlobReader? reader = await store.OpenReadAsync(blob.Digest, 0, Token);

        await reader!.DisposeAsync();
        held.SetResult();
        await store.Fills.WhenIdleAsync();

        Assert.False(await fast.Kept.ContainsAsync(blob.Digest, Token));
        Assert.Equal(blob.Content, await store.ReadAllAsync(blob.Digest, 300_000, Token));
    }

    [Fact]
    public async Task A_slow_tier_that_fails_amid_it_fails_the_read_and_leaves_nothing()
    {
        await slow.Kept.WriteAllAsync(blob.Digest, blob.Content, Token);
        int reads = 0;
        Count(operation => operation == StoreOperation.Read && ++reads == 3 ? throw new StoreUnavailableException("slow", null) : ValueTask.CompletedTask);

        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.ReadAllAsync(blob.Digest, 300_000, Token));
        await store.Fills.WhenIdleAsync();

        Assert.False(await fast.Kept.ContainsAsync(blob.Digest, Token));
    }

    [Fact]
    [Rule("AC-11")]
    public async Task An_older_value_is_not_filled_in_over_a_newer_one()
    {
        byte[] newer = TestBlob.Random(3, 500).Content;
        await slow.Kept.WriteAllAsync(blob.Digest, blob.Content, Token);
        var more = new TaskCompletionSource();
        int reads = 0;
        Count(async operation =>
        {
            if (operation == StoreOperation.Read && Interlocked.Increment(ref reads) == 2)
                await more.Task;
        });
        await using BlobReader? old = await store.OpenReadAsync(blob.Digest, 0, Token);

        await store.WriteAllAsync(blob.Digest, newer, Token);
        more.SetResult();
        byte[] content = new byte[300_000];
        await ReadToEndAsync(old!, content, 0);
        await store.Fills.WhenIdleAsync();

        Assert.Equal(blob.Content, content);
        Assert.Equal(newer, await store.ReadAllAsync(blob.Digest, 300_000, Token));
        Assert.Equal(newer, await fast.Kept.ReadAllAsync(blob.Digest, 300_000, Token));
    }

    [Fact]
    public async Task A_failure_is_told_to_the_first_alone()
    {
        await slow.Kept.WriteAllAsync(blob.Digest, blob.Content, Token);
        TaskCompletionSource held = new(), isHeld = new();
        int opens = 0;
        Count(async operation =>
        {
            if (operation == StoreOperation.OpenRead && Interlocked.Increment(ref opens) == 1)
            {
                isHeld.SetResult();
                await held.Task;
                throw new BlobCorruptException(blob.Digest);
            }
        });
        Task<byte[]?> first = store.ReadAllAsync(blob.Digest, 300_000, Token).AsTask();
        await isHeld.Task;
        Task<byte[]?> second = store.ReadAllAsync(blob.Digest, 300_000, Token).AsTask();
        held.SetResult();

        await Assert.ThrowsAsync<BlobCorruptException>(() => first);
        Assert.Equal(blob.Content, await second);
    }

    /// <summary>Counts reads of the slow tier and commits to the fast one, and does something before each step of the slow one.</summary>
    private void Count(Func<StoreOperation, ValueTask>? before = null)
    {
        slow.Store.Before = async (operation, _) =>
        {
            if (operation == StoreOperation.OpenRead)
                Interlocked.Increment(ref opened);
            if (before is not null)
                await before(operation);
        };
        fast.Store.Before = (operation, _) =>
        {
            if (operation == StoreOperation.Commit)
                Interlocked.Increment(ref filled);
            return ValueTask.CompletedTask;
        };
    }

    private static async Task ReadToEndAsync(BlobReader reader, byte[] content, int read)
    {
        while (read < content.Length)
        {
            int count = await reader.ReadAsync(content.AsMemory(read), Token);
            Assert.NotEqual(0, count);
            read += count;
        }

        Assert.Equal(0, await reader.ReadAsync(new byte[1], Token));
    }
}
