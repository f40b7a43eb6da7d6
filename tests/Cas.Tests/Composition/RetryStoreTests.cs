using System.Buffers;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Composition;

public sealed class RetryStoreTests
{
    private readonly ManualTimeProvider time = new();
    private readonly MemoryStore kept = new(64 * 1024 * 1024);
    private readonly FaultyStore inner;
    private readonly RetryStore store;
    private readonly TestBlob blob = TestBlob.Random(1, 100_000);
    private int failures;

    public RetryStoreTests()
    {
        inner = new FaultyStore(kept);
        store = new RetryStore(inner, attempts: 3, TimeSpan.FromSeconds(1), time);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(StoreOperation.FindMissing)]
    [InlineData(StoreOperation.OpenRead)]
    [InlineData(StoreOperation.OpenWrite)]
    [InlineData(StoreOperation.Write)]
    [InlineData(StoreOperation.Commit)]
    public async Task What_fails_twice_succeeds_the_third_time(StoreOperation operation)
    {
        await kept.WriteAllAsync(blob.Digest, blob.Content, Token);
        FailTimes(operation, 2);

        await RunAsync(UseAsync());

        Assert.Equal(0, failures);
    }

    [Theory]
    [InlineData(StoreOperation.FindMissing)]
    [InlineData(StoreOperation.OpenRead)]
    [InlineData(StoreOperation.Commit)]
    public async Task What_fails_three_times_fails(StoreOperation operation)
    {
        await kept.WriteAllAsync(blob.Digest, blob.Content, Token);
        FailTimes(operation, 3);

        await Assert.ThrowsAsync<StoreUnavailableException>(() => RunAsync(UseAsync()));

        Assert.Equal(0, failures);
    }

    [Fact]
    public async Task Other_failures_are_not_repeated()
    {
        int asked = 0;
        inner.Before = (_, _) => asked++ == 0 ? throw new StoreFullException("inner", 1, "") : ValueTask.CompletedTask;

        await Assert.ThrowsAsync<StoreFullException>(async () => await store.WriteAllAsync(blob.Digest, blob.Content, Token));

        Assert.Equal(1, asked);
    }

    [Fact]
    [Rule("BSR-02")]
    public async Task A_read_goes_on_where_it_broke_off()
    {
        await kept.WriteAllAsync(blob.Digest, blob.Content, Token);
        await using BlobReader? reader = await store.OpenReadAsync(blob.Digest, 10, Token);
        byte[] content = new byte[99_990];
        int read = await reader!.ReadAsync(content.AsMemory(0, 1000), Token);
        FailTimes(StoreOperation.Read, 2);

        while (read < content.Length)
            read += await reader.ReadAsync(content.AsMemory(read), Token);

        Assert.Equal(blob.Content[10..], content);
        FailTimes(StoreOperation.Read, 1);
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await reader.ReadAsync(new byte[1], Token));
    }

    [Fact]
    public async Task A_long_write_is_not_repeated_but_its_opening_is()
    {
        TestBlob large = TestBlob.Random(2, BufferedWriter.MaxBytes + 1);
        FailTimes(StoreOperation.OpenWrite, 1);
        Task<BlobWriter> opening = store.OpenWriteAsync(large.Digest, large.Content.Length, Token).AsTask();
        time.Advance(TimeSpan.FromSeconds(1));
        await using BlobWriter writer = await opening;
        FailTimes(StoreOperation.Write, 1);

        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await writer.WriteAsync(new ReadOnlySequence<byte>(large.Content), Token));
    }

    private async Task UseAsync()
    {
        Assert.Empty(await store.FindMissingAsync([blob.Digest], Token));
        Assert.Equal(blob.Content, await store.ReadAllAsync(blob.Digest, 100_000, Token));
        await store.WriteAllAsync(blob.Digest, blob.Content, Token);
    }

    /// <summary>Lets the time pass that is waited between attempts.</summary>
    private async Task RunAsync(Task use)
    {
        while (!use.IsCompleted)
        {
            if (time.WaitingTimers > 0)
                time.Advance(TimeSpan.FromSeconds(1));
            else
                await Task.Yield();
        }

        await use;
    }

    private void FailTimes(StoreOperation failing, int times)
    {
        failures = times;
        inner.Before = (operation, _) => operation == failing && failures > 0 && failures-- > 0 ? throw new StoreUnavailableException("inner", null) : ValueTask.CompletedTask;
    }
}
