using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Composition;

public sealed class SingleFlightStoreTests : ValueStoreContract
{
    private readonly HeldStore inner = new(new MemoryStore(128 * 1024 * 1024));
    private readonly TestBlob blob = TestBlob.Random(1, 1000);

    protected override ValueTask<IBlobStore> CreateStoreAsync() => ValueTask.FromResult<IBlobStore>(new SingleFlightStore(inner, maxBytes: 100_000));

    [Fact]
    public async Task Reads_at_the_same_time_ask_the_store_within_once()
    {
        await inner.WriteAllAsync(blob.Digest, blob.Content, Token);
        inner.Hold();

        Task<byte[]?>[] reads = [.. Enumerable.Range(0, 10).Select(_ => ReadAsync())];
        inner.LetGo();

        foreach (byte[]? content in await Task.WhenAll(reads))
            Assert.Equal(blob.Content, content);
        Assert.Equal(1, inner.Opened);
    }

    [Fact]
    public async Task Nothing_is_kept_when_a_read_is_over()
    {
        await inner.WriteAllAsync(blob.Digest, blob.Content, Token);

        await ReadAsync();
        await ReadAsync();

        Assert.Equal(2, inner.Opened);
    }

    [Fact]
    public async Task Long_values_are_streamed_to_each()
    {
        TestBlob large = TestBlob.Random(2, 100_001);
        await inner.WriteAllAsync(large.Digest, large.Content, Token);
        inner.Hold();
        Task<byte[]?> held = Store.ReadAllAsync(large.Digest, 100_001, Token).AsTask();
        await inner.IsHeld;

        Assert.Equal(large.Content, await Store.ReadAllAsync(large.Digest, 100_001, Token));
        inner.LetGo();
        Assert.Equal(large.Content, await held);
    }

    [Fact]
    [Rule("CAS-04")]
    public async Task Who_joined_a_read_that_found_nothing_asks_for_itself()
    {
        inner.Hold(); // it has looked, and found nothing
        Task<byte[]?> first = ReadAsync();
        await inner.IsHeld;
        Task<byte[]?> second = ReadAsync();
        await inner.WriteAllAsync(blob.Digest, blob.Content, Token); // by somebody else, past this store
        inner.LetGo();

        Assert.Null(await first);
        Assert.Equal(blob.Content, await second);
    }

    [Fact]
    [Rule("AC-11")]
    public async Task A_read_after_a_write_does_not_join_one_from_before()
    {
        byte[] newer = TestBlob.Random(3, 1000).Content;
        await Store.WriteAllAsync(blob.Digest, blob.Content, Token);
        inner.Hold();
        Task<byte[]?> early = ReadAsync();
        await inner.IsHeld;

        await Store.WriteAllAsync(blob.Digest, newer, Token);
        Task<byte[]?> late = ReadAsync();
        inner.LetGo();

        Assert.Equal(blob.Content, await early);
        Assert.Equal(newer, await late);
    }

    [Fact]
    public async Task A_failure_is_told_to_the_first_alone()
    {
        await inner.WriteAllAsync(blob.Digest, blob.Content, Token);
        inner.Hold();
        Task<byte[]?> first = ReadAsync();
        await inner.IsHeld;
        Task<byte[]?> second = ReadAsync();

        inner.LetGo(new StoreUnavailableException("far", null));

        await Assert.ThrowsAsync<StoreUnavailableException>(() => first);
        Assert.Equal(blob.Content, await second);
    }

    [Fact]
    public async Task The_first_may_leave_without_the_others()
    {
        await inner.WriteAllAsync(blob.Digest, blob.Content, Token);
        using var leaving = new CancellationTokenSource();
        inner.Hold();
        Task<byte[]?> first = ReadAsync(leaving.Token);
        await inner.IsHeld;
        Task<byte[]?> second = ReadAsync();

        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        inner.LetGo();

        Assert.Equal(blob.Content, await second);
        Assert.Equal(1, inner.Opened);
    }

    [Fact]
    public async Task The_read_ends_when_all_have_left()
    {
        await inner.WriteAllAsync(blob.Digest, blob.Content, Token);
        using var leaving = new CancellationTokenSource();
        inner.Hold();
        Task<byte[]?>[] reads = [ReadAsync(leaving.Token), ReadAsync(leaving.Token)];
        await inner.IsHeld;

        await leaving.CancelAsync();
        foreach (Task<byte[]?> read in reads)
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);

        await inner.IsCancelled;
        inner.LetGo();
        Assert.Equal(blob.Content, await ReadAsync());
    }

    private Task<byte[]?> ReadAsync() => ReadAsync(Token);

    private Task<byte[]?> ReadAsync(CancellationToken cancellationToken) => Store.ReadAllAsync(blob.Digest, 1000, cancellationToken).AsTask();

    /// <summary>Counts reads, and can hold one after it has looked.</summary>
    private sealed class HeldStore(IBlobStore inner) : IBlobStore
    {
        private readonly TaskCompletionSource held = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource release = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int opened;
        private int toHold;

        public int Opened => Volatile.Read(ref opened);

        public Task IsHeld => held.Task;

        public Task IsCancelled => cancelled.Task;

        public void Hold() => Volatile.Write(ref toHold, 1);

        public void LetGo() => release.TrySetResult();

        public void LetGo(Exception fault) => release.TrySetException(fault);

        public ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken) =>
            inner.FindMissingAsync(digests, cancellationToken);

        public async ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref opened);
            BlobReader? reader = await inner.OpenReadAsync(digest, offset, cancellationToken);
            if (Interlocked.Exchange(ref toHold, 0) == 1)
            {
                await using CancellationTokenRegistration registration = cancellationToken.Register(() => cancelled.TrySetResult());
                held.SetResult();
                await release.Task;
            }

            return reader;
        }

        public ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken) =>
            inner.OpenWriteAsync(digest, length, cancellationToken);
    }
}
