using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Services;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Composition;

public sealed class ReadOnlyStoreTests : ValueStoreContract
{
    protected override ValueTask<IBlobStore> CreateStoreAsync()
    {
        var inner = new MemoryStore(128 * 1024 * 1024);
        return ValueTask.FromResult<IBlobStore>(new WrittenPast(new ReadOnlyStore("far", inner), inner));
    }

    [Fact]
    [Rule("BSW-16")]
    public async Task A_write_is_refused_with_the_name_of_the_store()
    {
        TestBlob blob = TestBlob.Random(1, 100);
        var store = new ReadOnlyStore("far", new MemoryStore(1000));

        StoreReadOnlyException refusal = await Assert.ThrowsAsync<StoreReadOnlyException>(async () => await store.OpenWriteAsync(blob.Digest, 100, Token));

        Assert.Equal("far", refusal.Store);
        Assert.Equal(StatusCode.PermissionDenied, CasErrors.ToStatus(refusal)?.Code);
    }

    /// <summary>Reads from one store, and writes to what lies within it.</summary>
    private sealed class WrittenPast(IBlobStore reads, IBlobStore writes) : IBlobStore
    {
        public ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken) =>
            reads.FindMissingAsync(digests, cancellationToken);

        public ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken) =>
            reads.OpenReadAsync(digest, offset, cancellationToken);

        public ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken) =>
            writes.OpenWriteAsync(digest, length, cancellationToken);
    }
}
