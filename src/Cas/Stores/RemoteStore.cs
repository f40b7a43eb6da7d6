using Google.Protobuf;
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
    private const string Read = "/google.bytestream.ByteStream/Read";
    private const string QueryWriteStatus = "/google.bytestream.ByteStream/QueryWriteStatus";
    private const string Write = "/google.bytestream.ByteStream/Write";
    private readonly RpcChannel channel;
    private readonly RpcRetry retry;
    private readonly InstanceName? instance;
    private readonly CallGathering<Digest, SmallRead>? reads;
    private readonly CallGathering<SmallWrite, SmallWritten>? writes;
    private volatile bool hasNoBatches; // a server may know streams alone

    /// <summary>Makes the store; nothing is connected yet.</summary>
    /// <param name="channel">The way to the server; the caller closes it.</param>
    /// <param name="patience">How long a server is waited for that is out of reach.</param>
    /// <param name="time">The clock.</param>
    /// <param name="instance">The instance there, whatever it is here; null if it is the same.</param>
    /// <param name="gathers">True for one who reads or writes many small blobs at a time: several of them share a call, if calls are under way when they are asked for.</param>
    public RemoteStore(RpcChannel channel, TimeSpan patience, TimeProvider time, InstanceName? instance = null, bool gathers = false)
    {
        if (gathers)
        {
            reads = new CallGathering<Digest, SmallRead>(static digest => digest, ReadSeveralAsync);
            writes = new CallGathering<SmallWrite, SmallWritten>(static blob => blob.Digest, WriteSeveralAsync);
        }

        this.channel = channel;
        this.instance = instance;
        retry = new RpcRetry(patience, time);
    }

    /// <summary>Long enough for a server to start again, short enough to tell somebody who waits.</summary>
    public static TimeSpan DefaultPatience { get; } = TimeSpan.FromSeconds(10);

    /// <summary>The store's name in errors.</summary>
    internal string Name => channel.Address.ToString();

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken)
    {
        List<ArraySegment<Digest>> batches = RemoteStoreLookUp.Divide(digests);
        var missing = new List<Digest>();
        foreach (ArraySegment<Digest> batch in batches)
            await FindMissingAsync(batch, missing, cancellationToken);
        if (batches.Count == 1 && batches[0].Count == digests.Count)
            return missing;

        // Several batches, or digests that can't be asked for: in the order of the question, and each once.
        var all = new HashSet<Digest>(missing);
        return [.. digests.Where(digest => !digest.HasSize || all.Contains(digest)).Distinct()];
    }

    /// <inheritdoc/>
    public async ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken)
    {
        if (!digest.HasSize)
            return null;
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, digest.SizeBytes);
        if (offset == 0 && digest.SizeBytes <= RemoteStoreBatch.MaxBytes && !hasNoBatches)
        {
            (bool isAnswered, byte[]? content) = reads is null
                ? await TryReadAtOnceAsync(digest, cancellationToken)
                : await reads.CallAsync(digest, cancellationToken);
            if (isAnswered)
                return content is null ? null : new MemoryReader(content, 0);
        }

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
            : new RemoteStoreWriter(this, whole, retry.Begin(), Guid.NewGuid().ToString()));
    }

    /// <summary>Writes a blob from where an earlier attempt under the same name got, as far as the server remembers it; from the start if it does not.</summary>
    /// <param name="digest">What is written; with its size.</param>
    /// <param name="upload">The name: a UUID that nobody else uses.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The writer, and the offset in the blob from which on it wants bytes; no writer if the blob is there already.</returns>
    /// <exception cref="StoreUnavailableException">The server can't be reached.</exception>
    public async ValueTask<(BlobWriter? Writer, long Offset)> ContinueWriteAsync(Digest digest, string upload, CancellationToken cancellationToken)
    {
        var request = new Google.Bytestream.QueryWriteStatusRequest { ResourceName = ResourceName.FormatWrite(There(digest), upload) };
        long offset = 0;
        try
        {
            Google.Bytestream.QueryWriteStatusResponse status =
                await retry.RunAsync(() => channel.UnaryAsync<Google.Bytestream.QueryWriteStatusRequest, Google.Bytestream.QueryWriteStatusResponse>(QueryWriteStatus, request, cancellationToken), cancellationToken);
            if (status.Complete)
                return (null, digest.SizeBytes);
            offset = status.CommittedSize;
        }
        catch (RpcException exception) when (exception.Code is StatusCode.NotFound or StatusCode.Unimplemented)
        {
            // Nothing is known of it there (BSQ-02).
        }
        catch (RpcException exception)
        {
            throw Unavailable(exception);
        }

        if (offset < 0 || offset > digest.SizeBytes)
            throw Unavailable(new InvalidDataException($"it says that it has {offset} bytes of {digest}"));
        return (new RemoteStoreWriter(this, digest, retry.Begin(), upload, offset), offset);
    }

    /// <summary>Starts a call of ByteStream.Read.</summary>
    internal RpcClientCall OpenReadCall(Digest digest, long offset, CancellationToken cancellationToken)
    {
        var request = new Google.Bytestream.ReadRequest { ResourceName = ResourceName.FormatRead(There(digest)), ReadOffset = offset };
        return channel.Send(Read, request, CallHeaders.OfThisFlow(), cancellationToken);
    }

    /// <summary>Starts an upload.</summary>
    internal RemoteStoreUpload OpenUpload(Digest digest, string name, long offset, CancellationToken cancellationToken) =>
        new(this, digest, There(digest), channel.Open(Write, CallHeaders.OfThisFlow(), cancellationToken), name, offset);

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

    /// <summary>Writes a small blob by one message; false if the server knows streams alone.</summary>
    internal async Task<bool> TryWriteAtOnceAsync(Digest digest, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        if (hasNoBatches || digest.SizeBytes > RemoteStoreBatch.MaxBytes)
            return false;
        try
        {
            if (writes is not null && (await writes.CallAsync(new SmallWrite(digest, ByteString.CopyFrom(content.Span)), cancellationToken)).Status is { } status)
                return status.Code == StatusCode.Ok ? true : throw new RpcException(status.Code, status.Message);
            return await new RemoteStoreBatch(channel, There(digest)).WriteAsync(content, cancellationToken);
        }
        catch (RpcException exception) when (exception.Code == StatusCode.Unimplemented)
        {
            hasNoBatches = true;
            return false;
        }
    }

    private async Task<SmallWritten[]> WriteSeveralAsync(SmallWrite[] blobs, CancellationToken cancellationToken)
    {
        if (blobs is [SmallWrite only])
        {
            await new RemoteStoreBatch(channel, There(only.Digest)).WriteAsync(only.Content.Memory, cancellationToken);
            return [new SmallWritten(RpcStatus.Ok)];
        }

        SmallWrite[] there = Array.ConvertAll(blobs, blob => blob with { Digest = There(blob.Digest) });
        try
        {
            return await new RemoteStoreBatchWrite(channel, there).WriteAsync(cancellationToken);
        }
        catch (RpcException exception) when (exception.Code == StatusCode.InvalidArgument)
        {
            return new SmallWritten[blobs.Length]; // it may take less in one batch than others do
        }
    }

    private async Task<SmallRead> TryReadAtOnceAsync(Digest digest, CancellationToken cancellationToken)
    {
        try
        {
            return new(true, await retry.RunAsync(() => new RemoteStoreBatch(channel, There(digest)).ReadAsync(cancellationToken), cancellationToken));
        }
        catch (RpcException exception) when (exception.Code == StatusCode.NotFound)
        {
            return new(true, null);
        }
        catch (RpcException exception) when (exception.Code == StatusCode.Unimplemented)
        {
            hasNoBatches = true;
            return default;
        }
        catch (Exception exception) when (exception is RpcException or InvalidDataException)
        {
            throw Unavailable(exception);
        }
    }

    private async Task<SmallRead[]> ReadSeveralAsync(Digest[] digests, CancellationToken cancellationToken)
    {
        if (digests is [Digest only])
            return [await TryReadAtOnceAsync(only, cancellationToken)];
        Digest[] there = Array.ConvertAll(digests, digest => There(digest));
        try
        {
            return await retry.RunAsync(() => new RemoteStoreBatchRead(channel, there).ReadAsync(cancellationToken), cancellationToken);
        }
        catch (RpcException exception) when (exception.Code is StatusCode.Unimplemented or StatusCode.InvalidArgument)
        {
            hasNoBatches |= exception.Code == StatusCode.Unimplemented;
            return new SmallRead[digests.Length]; // it may take less in one batch than others do
        }
        catch (Exception exception) when (exception is RpcException or InvalidDataException)
        {
            throw Unavailable(exception);
        }
    }

    /// <summary>A digest as the other server knows it.</summary>
    private Digest There(in Digest digest) =>
        instance is { } other ? Digest.Create(other, digest.Function, digest.HashSpan, digest.SizeBytes) : digest;

    private async ValueTask FindMissingAsync(ArraySegment<Digest> batch, List<Digest> missing, CancellationToken cancellationToken)
    {
        var lookUp = new RemoteStoreLookUp(batch, instance ?? batch[0].Instance);
        try
        {
            missing.AddRange(await retry.RunAsync(() => lookUp.AskAsync(channel, CallHeaders.OfThisFlow(), cancellationToken), cancellationToken));
        }
        catch (Exception exception) when (exception is RpcException or InvalidDataException)
        {
            throw Unavailable(exception);
        }
    }
}
