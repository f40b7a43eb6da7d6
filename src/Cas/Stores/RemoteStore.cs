using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Cas.Stores;

/// <summary>
/// The CAS of another server, over the REAPI: whatever that server promises (verification, lifetimes) holds here too. A digest without a size can't be
/// asked for and counts as absent; a value that has not the length its digest says can't be written.
/// </summary>
/// <remarks>
/// A server that restarts is waited for: what failed because it was out of reach is repeated, a read from where it stood. So is a write, but for one
/// that broke off after more was given away than fits into one message: that fails with <see cref="StoreUnavailableException.MayBeginAnew"/>.
/// </remarks>
public sealed class RemoteStore : IBlobStore
{
    private const int DigestsPerCall = 10_000;
    private const string FindMissing = "/build.bazel.remote.execution.v2.ContentAddressableStorage/FindMissingBlobs";
    private const string Read = "/google.bytestream.ByteStream/Read";
    private const string Write = "/google.bytestream.ByteStream/Write";
    private readonly RpcChannel channel;
    private readonly RpcRetry retry;

    /// <summary>Makes the store; nothing is connected yet.</summary>
    /// <param name="channel">The way to the server; the caller closes it.</param>
    /// <param name="patience">How long a server is waited for that is out of reach.</param>
    /// <param name="time">The clock.</param>
    public RemoteStore(RpcChannel channel, TimeSpan patience, TimeProvider time)
    {
        this.channel = channel;
        retry = new RpcRetry(patience, time);
        Name = channel.Address.ToString();
    }

    /// <summary>Long enough for a server to start again, short enough to tell somebody who waits.</summary>
    public static TimeSpan DefaultPatience { get; } = TimeSpan.FromSeconds(10);

    /// <summary>The store's name in errors.</summary>
    internal string Name { get; }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken)
    {
        var missing = new HashSet<Digest>();
        foreach (IGrouping<(InstanceName, DigestFunction), Digest> group in digests.GroupBy(digest => (digest.Instance, digest.Function)))
        {
            foreach (Digest[] some in group.Where(digest => digest.HasSize).Chunk(DigestsPerCall))
                missing.UnionWith(await FindMissingAsync(some, cancellationToken));
        }

        return [.. digests.Where(digest => missing.Contains(digest) || !digest.HasSize).Distinct()];
    }

    /// <inheritdoc/>
    public async ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken)
    {
        if (!digest.HasSize)
            return null;
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, digest.SizeBytes);
        var reader = new RemoteStoreReader(this, digest, offset, retry.Begin());
        if (await reader.OpenAsync(cancellationToken))
            return reader;
        await reader.DisposeAsync();
        return null;
    }

    /// <inheritdoc/>
    public ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken)
    {
        Digest whole = digest.HasSize ? digest : Digest.Create(digest.Instance, digest.Function, digest.HashSpan, length);
        if (whole.SizeBytes != length)
            throw new BlobMismatchException(digest, $"it has {length} bytes");
        return ValueTask.FromResult<BlobWriter>(length <= RemoteStoreUpload.MaxDataBytes
            ? new RemoteStoreMessageWriter(this, whole, retry)
            : new RemoteStoreWriter(this, whole, retry.Begin()));
    }

    /// <summary>Starts a call of ByteStream.Read.</summary>
    internal RpcClientCall OpenReadCall(Digest digest, long offset, CancellationToken cancellationToken)
    {
        var request = new Google.Bytestream.ReadRequest { ResourceName = ResourceName.FormatRead(digest), ReadOffset = offset };
        return channel.Send(Read, request, null, cancellationToken);
    }

    /// <summary>Starts an upload.</summary>
    internal RemoteStoreUpload OpenUpload(Digest digest, CancellationToken cancellationToken) =>
        new(this, digest, channel.Open(Write, null, cancellationToken));

    /// <summary>The failure that a call's bad end means.</summary>
    internal StoreUnavailableException Unavailable(Exception exception) => new(Name, exception);

    /// <summary>The failure that an upload's bad end means.</summary>
    internal CasException WriteFailure(Digest digest, RpcException exception, bool mayBeginAnew) => exception.Code switch
    {
        StatusCode.InvalidArgument => new BlobMismatchException(digest, exception.Status.Message),
        StatusCode.ResourceExhausted => new StoreFullException(Name, digest.SizeBytes, exception.Status.Message),
        _ => new StoreUnavailableException(Name, exception) { MayBeginAnew = mayBeginAnew },
    };

    /// <summary>Lets a token that is good for one operation of a reader or writer cancel its whole call.</summary>
    internal static CancellationTokenRegistration CancelWith(CancellationToken cancellationToken, CancellationTokenSource lifetime) =>
        cancellationToken.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), lifetime);

    private async ValueTask<IEnumerable<Digest>> FindMissingAsync(Digest[] some, CancellationToken cancellationToken)
    {
        var request = new Reapi.FindMissingBlobsRequest
        {
            InstanceName = some[0].Instance.Value,
            DigestFunction = (Reapi.DigestFunction.Types.Value)some[0].Function,
        };
        foreach (Digest digest in some)
            request.BlobDigests.Add(digest.ToProto());
        try
        {
            Reapi.FindMissingBlobsResponse response = await retry.RunAsync(
                () => channel.UnaryAsync<Reapi.FindMissingBlobsRequest, Reapi.FindMissingBlobsResponse>(FindMissing, request, cancellationToken),
                cancellationToken);
            return response.MissingBlobDigests.Select(digest => Parse(some[0], digest));
        }
        catch (RpcException exception)
        {
            throw Unavailable(exception);
        }
    }

    private Digest Parse(Digest sibling, Reapi.Digest digest) =>
        sibling.TryParseSibling(digest, out Digest result, out string? error) ? result : throw Unavailable(new FormatException(error));
}
