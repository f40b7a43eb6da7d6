using Google.Bytestream;
using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.TestKit;

namespace RemoteExec.Conformance.Tests.ByteStream;

public sealed class ReadFaultTests
{
    private const int MiB = 1024 * 1024;

    [Fact]
    [Rule("BSR-08")]
    public async Task A_damage_found_on_the_way_ends_the_call_with_INTERNAL_behind_whole_messages()
    {
        FaultyStore faulty = null!;
        await using CasServer server = await CasServer.StartAsync(wrap: media => faulty = new FaultyStore(media));
        TestBlob blob = await server.AddAsync(TestBlob.Random(1, 3 * MiB));
        int reads = 0;
        faulty.Before = (operation, _) => operation == StoreOperation.Read && ++reads > 1 ? throw new BlobCorruptException(blob.Digest) : default;
        await using RpcClientCall call = server.Channel.Send(
            "/google.bytestream.ByteStream/Read", new ReadRequest { ResourceName = ResourceName.FormatRead(blob.Digest) }, null, CasServer.Token);

        ReadResponse? first = await call.ReadAsync<ReadResponse>();

        Assert.Equal(blob.Content[..(MiB - 16)], first?.Data.ToByteArray());
        await CasServer.AssertRefusedAsync(StatusCode.Internal, call.ReadAsync<ReadResponse>().AsTask());
    }

    [Theory]
    [Rule("BSR-08")]
    [InlineData(StoreOperation.OpenRead)]
    [InlineData(StoreOperation.Read)]
    public async Task A_store_that_fails_is_told_with_UNAVAILABLE(StoreOperation operation)
    {
        FaultyStore faulty = null!;
        await using CasServer server = await CasServer.StartAsync(wrap: media => faulty = new FaultyStore(media));
        TestBlob blob = await server.AddAsync(TestBlob.Random(2, 100));
        faulty.Fail(operation, () => new StoreUnavailableException("disk", new IOException("read error")));

        RpcStatus status = await CasServer.StatusOfAsync(server.ReadAsync(ResourceName.FormatRead(blob.Digest)));

        Assert.Equal(StatusCode.Unavailable, status.Code);
        Assert.Contains("disk", status.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Rule("BSR-08")]
    public async Task A_blob_that_ends_too_early_is_damaged()
    {
        var media = new MemoryStore(MiB);
        await using CasServer server = await CasServer.StartOverAsync(media);
        TestBlob blob = TestBlob.Random(3, 1000);
        await media.WriteAllAsync(blob.Digest, blob.Content.AsMemory(0, 999), CasServer.Token);

        await CasServer.AssertRefusedAsync(StatusCode.Internal, server.ReadAsync(ResourceName.FormatRead(blob.Digest)));
    }

    [Fact]
    [Rule("BSR-09")]
    [Rule("CAS-05")]
    public async Task A_read_counts_as_a_use()
    {
        await using CasServer server = await CasServer.StartOverAsync(new EmptyBlobStore(new VerifyingStore(new MemoryStore(300))));
        TestBlob read = await server.AddAsync(TestBlob.Random(4, 100));
        TestBlob other = await server.AddAsync(TestBlob.Random(5, 100));
        await server.AddAsync(TestBlob.Random(6, 100));

        await server.ReadAsync(ResourceName.FormatRead(read.Digest));
        await server.AddAsync(TestBlob.Random(7, 100));

        Assert.True(await server.HasAsync(read));
        Assert.False(await server.HasAsync(other));
    }

    [Fact]
    public async Task A_client_that_goes_away_ends_the_read()
    {
        var closed = new TaskCompletionSource();
        await using CasServer server = await CasServer.StartOverAsync(new EndlessStore(closed));
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(CasServer.Token);
        var call = server.Channel.Send(
            "/google.bytestream.ByteStream/Read", new ReadRequest { ResourceName = $"blobs/{new string('0', 64)}/{long.MaxValue}" }, null, gone.Token);

        Assert.NotNull(await call.ReadAsync<ReadResponse>());
        await call.DisposeAsync();

        await closed.Task.WaitAsync(TimeSpan.FromMinutes(1), CasServer.Token);
    }

    /// <summary>Has every blob, all of zeros, and tells when a reader was closed.</summary>
    private sealed class EndlessStore(TaskCompletionSource closed) : IBlobStore
    {
        public ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken) =>
            ValueTask.FromResult<IReadOnlyCollection<Digest>>([]);

        public ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken) =>
            ValueTask.FromResult<BlobReader?>(new Reader(digest.SizeBytes, closed));

        public ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken) => throw new NotSupportedException();

        private sealed class Reader(long length, TaskCompletionSource closed) : BlobReader
        {
            public override long Length => length;

            public override ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
            {
                destination.Span.Clear();
                return ValueTask.FromResult(destination.Length);
            }

            public override ValueTask DisposeAsync()
            {
                closed.TrySetResult();
                return ValueTask.CompletedTask;
            }
        }
    }
}
