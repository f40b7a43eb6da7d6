using System.Buffers;
using RemoteExec.Cas.Composition;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Composition;

public sealed class MirrorStoreTests : IAsyncLifetime
{
    private readonly ManualTimeProvider time = new();
    private readonly RecordingLogger logger = new();
    private readonly FailingNode one = new(), two = new();
    private readonly MirrorStore store;
    private readonly TestBlob blob = TestBlob.Random(1, 300_000);

    public MirrorStoreTests() => store = new MirrorStore("pair", [("one", one.Store), ("two", two.Store)], TimeSpan.FromSeconds(10), logger, time);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => store.DisposeAsync();

    [Fact]
    public async Task A_write_goes_to_all()
    {
        await store.WriteAllAsync(blob.Digest, blob.Content, Token);

        Assert.True(await one.Kept.ContainsAsync(blob.Digest, Token));
        Assert.True(await two.Kept.ContainsAsync(blob.Digest, Token));
    }

    [Fact]
    public async Task A_look_up_that_the_first_can_answer_asks_no_other()
    {
        await store.WriteAllAsync(blob.Digest, blob.Content, Token);
        int before = two.Asked;

        Assert.Empty(await store.FindMissingAsync([blob.Digest], Token));

        Assert.Equal(before, two.Asked);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Rule("CAS-04")]
    public async Task What_one_lacks_is_found_in_the_other_and_copied(bool byReading)
    {
        TestBlob absent = TestBlob.Random(2, 10);
        await two.Kept.WriteAllAsync(blob.Digest, blob.Content, Token);

        if (byReading)
            Assert.Equal(blob.Content, await store.ReadAllAsync(blob.Digest, 300_000, Token));
        else
            Assert.Equal([absent.Digest], await store.FindMissingAsync([absent.Digest, blob.Digest], Token));
        await store.Replicator.WhenIdleAsync();

        Assert.True(await one.Kept.ContainsAsync(blob.Digest, Token));
    }

    [Fact]
    public async Task A_write_succeeds_if_one_takes_it_and_the_other_gets_it_when_it_is_back()
    {
        one.IsDown = true;
        await store.WriteAllAsync(blob.Digest, blob.Content, Token);
        await store.Replicator.WhenIdleAsync();
        Assert.Equal(blob.Content, await store.ReadAllAsync(blob.Digest, 300_000, Token));

        one.IsDown = false;
        await BackAsync(one);

        Assert.True(await one.Kept.ContainsAsync(blob.Digest, Token));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100_000)]
    [InlineData(300_000)]
    public async Task A_write_goes_on_when_one_fails_amid_it(int written)
    {
        await using BlobWriter writer = await store.OpenWriteAsync(blob.Digest, blob.Content.Length, Token);
        await writer.WriteAsync(new ReadOnlySequence<byte>(blob.Content, 0, written), Token);
        one.IsDown = true;
        if (written < blob.Content.Length)
            await writer.WriteAsync(new ReadOnlySequence<byte>(blob.Content, written, blob.Content.Length - written), Token);
        await writer.CommitAsync(Token);

        Assert.Equal(blob.Content, await store.ReadAllAsync(blob.Digest, 300_000, Token));
        one.IsDown = false;
        await BackAsync(one);
        Assert.Equal(blob.Content, await one.Kept.ReadAllAsync(blob.Digest, 300_000, Token));
    }

    [Fact]
    [Rule("AC-11")]
    public async Task A_member_that_missed_a_newer_value_gets_it()
    {
        byte[] newer = TestBlob.Random(3, 500).Content;
        await store.WriteAllAsync(blob.Digest, blob.Content, Token);
        one.IsDown = true;
        await store.WriteAllAsync(blob.Digest, newer, Token);

        one.IsDown = false;
        await BackAsync(one);

        Assert.Equal(newer, await one.Kept.ReadAllAsync(blob.Digest, 300_000, Token));
    }

    [Fact]
    [Rule("BSR-02")]
    public async Task A_read_that_breaks_off_goes_on_with_the_other()
    {
        await store.WriteAllAsync(blob.Digest, blob.Content, Token);
        await using BlobReader? reader = await store.OpenReadAsync(blob.Digest, 1000, Token);
        Assert.NotNull(reader);
        byte[] content = new byte[299_000];
        int read = await reader.ReadAsync(content.AsMemory(0, 50_000), Token);

        one.IsDown = true;
        while (read < content.Length)
            read += await reader.ReadAsync(content.AsMemory(read), Token);

        Assert.Equal(blob.Content[1000..], content);
        Assert.Equal(0, await reader.ReadAsync(new byte[1], Token));
    }

    [Fact]
    public async Task Halves_of_two_values_are_not_put_together()
    {
        Digest key = TestBlob.Random(4, 10).Digest;
        await store.WriteAllAsync(key, blob.Content, Token);
        await using BlobReader? reader = await store.OpenReadAsync(key, 0, Token);
        Assert.NotNull(reader);
        await reader.ReadAsync(new byte[1000], Token);
        await two.Kept.WriteAllAsync(key, TestBlob.Random(5, 300_000).Content, Token);

        one.IsDown = true;

        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await reader.ReadAsync(new byte[1000], Token));
    }

    [Fact]
    public async Task A_damaged_copy_is_read_from_the_other()
    {
        await store.WriteAllAsync(blob.Digest, blob.Content, Token);
        one.Store.Fail(StoreOperation.OpenRead, () => new BlobCorruptException(blob.Digest));

        Assert.Equal(blob.Content, await store.ReadAllAsync(blob.Digest, 300_000, Token));
    }

    [Fact]
    public async Task With_no_member_within_reach_every_call_fails()
    {
        one.IsDown = two.IsDown = true;

        for (int i = 0; i < 2; i++)
        {
            await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.FindMissingAsync([blob.Digest], Token));
            await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.OpenReadAsync(blob.Digest, 0, Token));
            await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.OpenWriteAsync(blob.Digest, 300_000, Token));
        }
    }

    [Fact]
    public async Task A_full_member_does_not_keep_the_other_from_taking_it()
    {
        var tiny = new FailingNode(maxBytes: 10);
        await using var pair = new MirrorStore("pair", [("tiny", tiny.Store), ("two", two.Store)], TimeSpan.FromSeconds(10), logger, time);

        await pair.WriteAllAsync(blob.Digest, blob.Content, Token);

        Assert.Equal(blob.Content, await pair.ReadAllAsync(blob.Digest, 300_000, Token));
    }

    /// <summary>Lets the time pass in which a member is tried again, and what waits is copied.</summary>
    private async Task BackAsync(FailingNode node)
    {
        for (int i = 0; i < 40 && store.Replicator.Pending > 0; i++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await store.Replicator.WhenIdleAsync();
        }

        Assert.Equal(0, store.Replicator.Pending);
        Assert.False(node.IsDown);
    }
}
