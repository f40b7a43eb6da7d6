using RemoteExec.Cas.Composition;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Composition;

public sealed class ExistenceCacheStoreTests
{
    private readonly ManualTimeProvider time = new();
    private readonly FailingNode inner = new();
    private readonly ExistenceCacheStore store;
    private readonly TestBlob blob = TestBlob.Random(1, 100);

    public ExistenceCacheStoreTests() => store = new ExistenceCacheStore(inner.Store, TimeSpan.FromMinutes(5), maxEntries: 4, time);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_found_is_not_asked_for_again_before_its_time()
    {
        await inner.Kept.WriteAllAsync(blob.Digest, blob.Content, Token);

        Assert.Empty(await store.FindMissingAsync([blob.Digest], Token));
        time.Advance(TimeSpan.FromMinutes(5) - TimeSpan.FromTicks(1));
        Assert.Empty(await store.FindMissingAsync([blob.Digest], Token));
        Assert.Equal(1, inner.Asked);

        time.Advance(TimeSpan.FromTicks(1));
        Assert.Empty(await store.FindMissingAsync([blob.Digest], Token));
        Assert.Equal(2, inner.Asked);
    }

    [Fact]
    [Rule("CAS-01")]
    public async Task What_is_missing_is_asked_for_each_time()
    {
        Assert.Equal([blob.Digest], await store.FindMissingAsync([blob.Digest], Token));
        await inner.Kept.WriteAllAsync(blob.Digest, blob.Content, Token);

        Assert.Empty(await store.FindMissingAsync([blob.Digest], Token));
    }

    [Fact]
    public async Task What_was_written_is_known()
    {
        await store.WriteAllAsync(blob.Digest, blob.Content, Token);
        int before = inner.Asked;

        Assert.Empty(await store.FindMissingAsync([blob.Digest], Token));

        Assert.Equal(before, inner.Asked);
    }

    [Theory]
    [InlineData("absent")]
    [InlineData("damaged as it is opened")]
    [InlineData("damaged as it is read")]
    [InlineData("discarded")]
    public async Task What_a_read_does_not_find_whole_is_forgotten(string how)
    {
        await store.WriteAllAsync(blob.Digest, blob.Content, Token);
        StoreOperation failing = how == "damaged as it is opened" ? StoreOperation.OpenRead : StoreOperation.Read;
        if (how.StartsWith("damaged", StringComparison.Ordinal))
            inner.Store.Fail(failing, () => new BlobCorruptException(blob.Digest));
        else
            await DiscardAsync(how == "absent" ? inner.Store : store);

        Exception? failure = await Record.ExceptionAsync(async () => await store.ReadAllAsync(blob.Digest, 100, Token));

        Assert.Equal(how.StartsWith("damaged", StringComparison.Ordinal), failure is BlobCorruptException);
        await DiscardAsync(inner.Kept);
        Assert.Equal([blob.Digest], await store.FindMissingAsync([blob.Digest], Token));
    }

    [Fact]
    public async Task The_number_of_digests_is_bounded()
    {
        TestBlob[] blobs = [.. Enumerable.Range(0, 5).Select(i => TestBlob.Random(i, 10))];
        foreach (TestBlob one in blobs)
            await store.WriteAllAsync(one.Digest, one.Content, Token);
        int before = inner.Asked;

        Assert.Empty(await store.FindMissingAsync([blobs[4].Digest], Token));
        Assert.Equal(before, inner.Asked);
        Assert.Empty(await store.FindMissingAsync([blobs[0].Digest], Token));
        Assert.Equal(before + 1, inner.Asked);
    }

    [Fact]
    [Rule("CAS-04")]
    public async Task An_answer_from_before_a_read_found_it_gone_is_not_remembered()
    {
        await inner.Kept.WriteAllAsync(blob.Digest, blob.Content, Token);
        TaskCompletionSource isAsked = new(), answer = new();
        var held = new HeldAnswer(inner.Kept, isAsked, answer);
        var slowStore = new ExistenceCacheStore(held, TimeSpan.FromMinutes(5), 100, time);
        Task<IReadOnlyCollection<Digest>> lookUp = slowStore.FindMissingAsync([blob.Digest], Token).AsTask();
        await isAsked.Task;

        await DiscardAsync(inner.Kept);
        Assert.Null(await slowStore.OpenReadAsync(blob.Digest, 0, Token));
        answer.SetResult();
        await lookUp;

        Assert.Equal([blob.Digest], await slowStore.FindMissingAsync([blob.Digest], Token));
    }

    private async Task DiscardAsync(IBlobStore from)
    {
        if (await from.OpenReadAsync(blob.Digest, 0, Token) is not { } reader)
            return;
        reader.Discard();
        await reader.DisposeAsync();
    }

    /// <summary>Keeps the first answer back after it was found.</summary>
    private sealed class HeldAnswer(IBlobStore inner, TaskCompletionSource isAsked, TaskCompletionSource answer) : IBlobStore
    {
        public async ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken)
        {
            IReadOnlyCollection<Digest> missing = await inner.FindMissingAsync(digests, cancellationToken);
            isAsked.TrySetResult();
            await answer.Task;
            return missing;
        }

        public ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken) => inner.OpenReadAsync(digest, offset, cancellationToken);

        public ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken) => inner.OpenWriteAsync(digest, length, cancellationToken);
    }
}
