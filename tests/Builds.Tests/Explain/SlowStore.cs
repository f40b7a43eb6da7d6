using RemoteExec.Cas;

namespace RemoteExec.Builds.Tests.Explain;

/// <summary>A store of which every read takes its time.</summary>
internal sealed class SlowStore(IBlobStore inner, ManualTimeProvider time) : IBlobStore
{
    public static TimeSpan Time { get; } = TimeSpan.FromMinutes(1);

    public ValueTask<IReadOnlyCollection<Protocol.Digest>> FindMissingAsync(IReadOnlyCollection<Protocol.Digest> digests, CancellationToken cancellationToken) =>
        inner.FindMissingAsync(digests, cancellationToken);

    public ValueTask<BlobReader?> OpenReadAsync(Protocol.Digest digest, long offset, CancellationToken cancellationToken)
    {
        time.Advance(Time);
        return inner.OpenReadAsync(digest, offset, cancellationToken);
    }

    public ValueTask<BlobWriter> OpenWriteAsync(Protocol.Digest digest, long length, CancellationToken cancellationToken) => inner.OpenWriteAsync(digest, length, cancellationToken);
}
