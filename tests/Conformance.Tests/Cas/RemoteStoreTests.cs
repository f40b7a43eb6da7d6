using System.Buffers;
using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.Rpc.Server;
using RemoteExec.TestKit;

namespace RemoteExec.Conformance.Tests.Cas;

/// <summary>A store behind a real server keeps the contract of blobs. Values that are not what their digest says can't travel, so the other contract is not for it.</summary>
public sealed class RemoteStoreTests : BlobStoreContract
{
    private readonly FaultyStore media = new(new MemoryStore(256 * 1024 * 1024));
    private CasServer server = null!;

    protected override async ValueTask<IBlobStore> CreateStoreAsync()
    {
        server = await CasServer.StartOverAsync(new EmptyBlobStore(new VerifyingStore(media)));
        return new RemoteStore(server.Channel, TimeSpan.Zero, TimeProvider.System);
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await server.DisposeAsync();
    }

    [Fact]
    [Rule("BSW-05")]
    public async Task Content_of_another_hash_is_refused()
    {
        TestBlob blob = TestBlob.Random(1, 100);

        await Assert.ThrowsAsync<BlobMismatchException>(async () => await Store.WriteAllAsync(blob.Digest, TestBlob.Random(2, 100).Content, Token));
        await Assert.ThrowsAsync<BlobMismatchException>(async () => await Store.OpenWriteAsync(blob.Digest, 99, Token));

        await AssertAbsentAsync(blob.Digest);
    }

    [Fact]
    public async Task A_digest_without_a_size_can_be_written_but_not_asked_for()
    {
        TestBlob blob = TestBlob.Random(3, 100);

        await Store.WriteAllAsync(blob.Digest.WithoutSize(), blob.Content, Token);

        await AssertReadsAsync(blob.Digest, blob.Content);
        await AssertAbsentAsync(blob.Digest.WithoutSize());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1 << 20)]
    [InlineData((5 << 20) + 1)]
    public async Task A_blob_that_the_server_got_meanwhile_is_written_all_the_same(int before)
    {
        TestBlob blob = TestBlob.Random(4, 6 << 20);
        await using BlobWriter writer = await Store.OpenWriteAsync(blob.Digest, blob.Content.Length, Token);
        await writer.WriteAsync(new ReadOnlySequence<byte>(blob.Content, 0, before), Token);

        await server.AddAsync(blob);
        await writer.WriteAsync(new ReadOnlySequence<byte>(blob.Content, before, blob.Content.Length - before), Token);
        await writer.CommitAsync(Token);

        await AssertReadsAsync(blob.Digest, blob.Content);
    }

    [Theory, Rule("BSW-13")]
    [InlineData(1 << 20)]
    [InlineData((3 << 20) + 1)]
    [InlineData(6 << 20)]
    public async Task A_write_under_a_name_goes_on_where_it_was_broken_off(int before)
    {
        TestBlob blob = TestBlob.Random(10, 6 << 20);
        var store = (RemoteStore)Store;
        string name = Guid.NewGuid().ToString();
        await server.WriteAsync(Enumerable.Range(0, (before + (1 << 20) - 1) >> 20).Select(i => i << 20).Select(offset => new Google.Bytestream.WriteRequest
        {
            ResourceName = ResourceName.FormatWrite(blob.Digest, name),
            WriteOffset = offset,
            Data = Google.Protobuf.ByteString.CopyFrom(blob.Content, offset, Math.Min(1 << 20, before - offset)),
        }));

        (BlobWriter? writer, long there) = await store.ContinueWriteAsync(blob.Digest, name, Token);
        await using (writer)
        {
            if (before < blob.Content.Length)
                await writer!.WriteAsync(new ReadOnlySequence<byte>(blob.Content, before, blob.Content.Length - before), Token);
            await AssertAbsentAsync(blob.Digest);
            await writer!.CommitAsync(Token);
        }

        Assert.Equal(before, there);
        await AssertReadsAsync(blob.Digest, blob.Content);
        Assert.Equal((null, blob.Content.Length), await store.ContinueWriteAsync(blob.Digest, name, Token));
    }

    [Fact, Rule("BSQ-02")]
    public async Task A_write_under_a_new_name_begins_at_the_start()
    {
        TestBlob blob = TestBlob.Random(11, 2 << 20);

        (BlobWriter? writer, long there) = await ((RemoteStore)Store).ContinueWriteAsync(blob.Digest, Guid.NewGuid().ToString(), Token);
        await using (writer)
        {
            await writer!.WriteAsync(new ReadOnlySequence<byte>(blob.Content), Token);
            await writer.CommitAsync(Token);
        }

        Assert.Equal(0, there);
        await AssertReadsAsync(blob.Digest, blob.Content);
    }

    [Theory]
    [InlineData(StoreOperation.FindMissing)]
    [InlineData(StoreOperation.OpenRead)]
    [InlineData(StoreOperation.Read)]
    public async Task What_fails_there_is_unavailable_here(StoreOperation operation)
    {
        TestBlob blob = await server.AddAsync(TestBlob.Random(5, 100));
        media.Fail(operation, () => new StoreUnavailableException("disk", new IOException("broken")));

        StoreUnavailableException exception = await Assert.ThrowsAsync<StoreUnavailableException>(async () =>
        {
            await Store.FindMissingAsync([blob.Digest], Token);
            await Store.ReadAllAsync(blob.Digest, 100, Token);
        });

        Assert.Equal(server.Channel.Address.ToString(), exception.Store);
        Assert.Contains("broken", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(StoreOperation.OpenWrite)]
    [InlineData(StoreOperation.Write)]
    [InlineData(StoreOperation.Commit)]
    public async Task A_server_that_is_full_or_broken_fails_the_write(StoreOperation operation)
    {
        TestBlob small = TestBlob.Random(6, 100);
        TestBlob large = TestBlob.Random(7, 3 << 20);

        foreach (TestBlob blob in (TestBlob[])[small, large])
        {
            media.Fail(operation, () => new StoreFullException("disk", 100, "make room"));
            await Assert.ThrowsAsync<StoreFullException>(async () => await Store.WriteAllAsync(blob.Digest, blob.Content, Token));
            media.Fail(operation, () => new StoreUnavailableException("disk", new IOException("broken")));
            await Assert.ThrowsAsync<StoreUnavailableException>(async () => await Store.WriteAllAsync(blob.Digest, blob.Content, Token));
        }
    }

    [Fact]
    public async Task A_damage_found_on_the_way_fails_the_read()
    {
        TestBlob blob = await server.AddAsync(TestBlob.Random(8, 4 << 20));
        int reads = 0;
        media.Before = (operation, _) => operation == StoreOperation.Read && ++reads > 2 ? throw new BlobCorruptException(blob.Digest) : default;
        await using BlobReader? reader = await Store.OpenReadAsync(blob.Digest, 0, Token);
        Assert.NotNull(reader);

        await Assert.ThrowsAsync<StoreUnavailableException>(() => ReadToEndAsync(reader, 65536));
    }

    [Fact]
    public async Task A_read_that_is_cancelled_ends_with_its_own_token()
    {
        using var cancelled = new CancellationTokenSource();
        var entered = new TaskCompletionSource();
        TestBlob blob = await server.AddAsync(TestBlob.Random(9, 100));
        media.Before = async (operation, _) =>
        {
            if (operation != StoreOperation.Read)
                return;
            entered.SetResult();
            await Task.Delay(Timeout.Infinite, cancelled.Token);
        };
        ValueTask<BlobReader?> opening = Store.OpenReadAsync(blob.Digest, 0, cancelled.Token);
        await entered.Task;

        await cancelled.CancelAsync();

        OperationCanceledException exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await opening);
        Assert.Equal(cancelled.Token, exception.CancellationToken);
    }

    [Fact]
    public async Task A_token_that_opened_a_reader_does_not_end_it()
    {
        using var opening = new CancellationTokenSource();
        TestBlob blob = await server.AddAsync(TestBlob.Random(10, 3 << 20));
        await using BlobReader? reader = await Store.OpenReadAsync(blob.Digest, 0, opening.Token);
        Assert.NotNull(reader);

        await opening.CancelAsync();

        Assert.Equal(blob.Content, await ReadToEndAsync(reader, 65536));
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_unavailable()
    {
        await using var channel = new RpcChannel(RpcAddress.Parse("unix:/nowhere/at/all"));
        var store = new RemoteStore(channel, TimeSpan.Zero, TimeProvider.System);
        TestBlob blob = TestBlob.Random(11, 100);

        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.FindMissingAsync([blob.Digest], Token));
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.OpenReadAsync(blob.Digest, 0, Token));
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.WriteAllAsync(blob.Digest, blob.Content, Token));
    }

    [Theory]
    [InlineData("")]
    [InlineData("52-02-01")]
    [InlineData("52-03-01-02-03-52-03-01-02-03-52")]
    [InlineData("52-07-01-02-03-04-05-06-07")]
    public async Task A_server_that_sends_too_little_too_much_or_nonsense_is_unavailable(string message)
    {
        byte[] bytes = Convert.FromHexString(message.Replace("-", "", StringComparison.Ordinal));
        RpcService nonsense = new RpcService(Google.Bytestream.BytestreamReflection.Descriptor, "ByteStream").Raw("Read", async call =>
        {
            await call.Requests.ReadSingleAsync(call.CancellationToken);
            call.Responses.Start(bytes.Length);
            call.Responses.Write(bytes);
        });
        await using InProcessServer other = await InProcessServer.StartAsync(nonsense);
        TestBlob blob = TestBlob.Random(12, 6);

        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await new RemoteStore(other.Channel, TimeSpan.Zero, TimeProvider.System).ReadAllAsync(blob.Digest, 6, Token));
    }
}
