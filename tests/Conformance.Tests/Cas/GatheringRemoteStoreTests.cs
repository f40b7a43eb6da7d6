using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Services;
using RemoteExec.Cas.Stores;
using RemoteExec.Rpc.Server;
using RemoteExec.TestKit;

namespace RemoteExec.Conformance.Tests.Cas;

/// <summary>A store behind a real server, of which many small blobs are read and written at a time.</summary>
public sealed class GatheringRemoteStoreTests : BlobStoreContract
{
    private readonly FaultyStore media = new(new MemoryStore(256 * 1024 * 1024));
    private CasServer server = null!;

    protected override async ValueTask<IBlobStore> CreateStoreAsync()
    {
        server = await CasServer.StartOverAsync(new EmptyBlobStore(new VerifyingStore(media)));
        return new RemoteStore(server.Channel, TimeSpan.Zero, TimeProvider.System, gathers: true);
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await server.DisposeAsync();
    }

    [Fact, Rule("CAS-15")]
    public async Task Many_blobs_that_are_read_at_a_time_are_each_answered_for()
    {
        TestBlob[] blobs = [.. Enumerable.Range(0, 500).Select(i => TestBlob.Random(i, i % 7 * 1000))];
        foreach (TestBlob blob in blobs.Where((_, i) => i % 5 != 0))
            await Store.WriteAllAsync(blob.Digest, blob.Content, Token);

        byte[]?[] read = await Task.WhenAll(blobs.Select(blob => Store.ReadAllAsync(blob.Digest, 1 << 20, Token).AsTask()));

        for (int i = 0; i < blobs.Length; i++)
            Assert.Equal(i % 5 == 0 && blobs[i].Content.Length > 0 && !blobs.Where((other, j) => j % 5 != 0 && other.Digest == blobs[i].Digest).Any() ? null : blobs[i].Content, read[i]);
    }

    [Fact]
    public async Task A_server_that_takes_smaller_batches_will_do()
    {
        await using CasServer small = await CasServer.StartOverAsync(
            new EmptyBlobStore(new VerifyingStore(new MemoryStore(1 << 20))), new CasLimits { MaxBatchTotalBytes = 1000 });
        var store = new RemoteStore(small.Channel, TimeSpan.Zero, TimeProvider.System, gathers: true);
        TestBlob[] blobs = [.. Enumerable.Range(0, 50).Select(i => TestBlob.Random(i, 900))];
        await Task.WhenAll(blobs.Select(blob => store.WriteAllAsync(blob.Digest, blob.Content, Token).AsTask()));

        byte[]?[] read = await Task.WhenAll(blobs.Select(blob => store.ReadAllAsync(blob.Digest, 1 << 20, Token).AsTask()));

        Assert.Equal(blobs.Select(blob => blob.Content), read);
    }

    [Fact, Rule("CAS-13")]
    public async Task Many_blobs_that_are_written_at_a_time_are_all_there()
    {
        TestBlob[] blobs = [.. Enumerable.Range(0, 500).Select(i => TestBlob.Random(i, i % 7 * 1000))];

        await Task.WhenAll(blobs.Select(blob => Store.WriteAllAsync(blob.Digest, blob.Content, Token).AsTask()));

        foreach (TestBlob blob in blobs)
            Assert.Equal(blob.Content, await Store.ReadAllAsync(blob.Digest, 1 << 20, Token));
    }

    [Fact, Rule("CAS-14")]
    public async Task One_that_is_not_what_its_digest_says_fails_alone()
    {
        TestBlob[] blobs = [.. Enumerable.Range(0, 100).Select(i => TestBlob.Random(i, 100))];
        byte[] wrong = new byte[100];

        Task[] writes = [.. blobs.Select((blob, i) => Store.WriteAllAsync(blob.Digest, i % 10 == 0 ? wrong : blob.Content, Token).AsTask())];

        for (int i = 0; i < writes.Length; i++)
        {
            if (i % 10 == 0)
                await Assert.ThrowsAsync<BlobMismatchException>(() => writes[i]);
            else
                await writes[i];
        }
    }

    [Fact]
    public async Task A_thousand_small_blobs_that_are_written_at_a_time_are_a_dozen_calls()
    {
        var release = new TaskCompletionSource();
        int calls = 0;
        RpcService counting = new RpcService(Reapi.RemoteExecutionReflection.Descriptor, "ContentAddressableStorage")
            .Unary<Reapi.BatchUpdateBlobsRequest, Reapi.BatchUpdateBlobsResponse>("BatchUpdateBlobs", async (request, _) =>
            {
                Interlocked.Increment(ref calls);
                await release.Task;
                return new Reapi.BatchUpdateBlobsResponse { Responses = { request.Requests.Select(blob => new Reapi.BatchUpdateBlobsResponse.Types.Response { Digest = blob.Digest }) } };
            });
        await using InProcessServer counted = await InProcessServer.StartAsync(counting);
        var store = new RemoteStore(counted.Channel, TimeSpan.Zero, TimeProvider.System, gathers: true);

        Task[] writes = [.. Enumerable.Range(0, 1000).Select(i => TestBlob.Random(i, 100)).Select(blob => store.WriteAllAsync(blob.Digest, blob.Content, Token).AsTask())];
        release.SetResult();
        await Task.WhenAll(writes);

        // Four of one blob, seven as full as they may be; the hundred left are one call, or as many as had their turn before the first of them took the others along.
        Assert.InRange(calls, 12, 15);
    }

    [Fact]
    public async Task Where_the_server_fails_all_who_read_or_write_are_told()
    {
        TestBlob[] blobs = [.. Enumerable.Range(0, 50).Select(i => TestBlob.Random(i, 100))];
        foreach (TestBlob blob in blobs)
            await Store.WriteAllAsync(blob.Digest, blob.Content, Token);
        media.Fail(StoreOperation.OpenRead, () => new StoreUnavailableException("disk", null));

        foreach (Task<byte[]?> read in blobs.Select(blob => Store.ReadAllAsync(blob.Digest, 1 << 20, Token).AsTask()).ToArray())
            await Assert.ThrowsAsync<StoreUnavailableException>(() => read);
        media.Fail(StoreOperation.OpenWrite, () => new StoreFullException("disk", 100, "make room"));
        foreach (Task write in Enumerable.Range(100, 50).Select(i => TestBlob.Random(i, 100)).Select(blob => Store.WriteAllAsync(blob.Digest, blob.Content, Token).AsTask()).ToArray())
            await Assert.ThrowsAsync<StoreFullException>(() => write);
    }
}
