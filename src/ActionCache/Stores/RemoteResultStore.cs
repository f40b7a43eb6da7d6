using System.Buffers;
using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Wire;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;

namespace RemoteExec.ActionCache.Stores;

/// <summary>
/// The action cache of another server, over the REAPI, as a store of results: the value under an action's digest is the encoded result. That server decides what it
/// answers: one that hides incomplete results hides them here too. A digest without a size can't be asked for and counts as absent; a value that is no
/// <c>ActionResult</c> can't be written (<see cref="BlobMismatchException"/>).
/// </summary>
/// <remarks>There is no call that asks for several results: a look-up of many is as many calls. A server that restarts is waited for.</remarks>
/// <param name="channel">The way to the server; the caller closes it.</param>
/// <param name="patience">How long a server is waited for that is out of reach.</param>
/// <param name="time">The clock.</param>
/// <param name="instance">The instance there, whatever it is here; null if it is the same.</param>
public sealed class RemoteResultStore(RpcChannel channel, TimeSpan patience, TimeProvider time, InstanceName? instance = null) : IBlobStore
{
    private const string Get = "/build.bazel.remote.execution.v2.ActionCache/GetActionResult";
    private const string Update = "/build.bazel.remote.execution.v2.ActionCache/UpdateActionResult";
    private const int LookUpsAtATime = 32;
    private readonly RpcRetry retry = new(patience, time);
    private readonly string name = channel.Address.ToString();

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken)
    {
        Digest[] distinct = [.. digests.Distinct()];
        var isMissing = new bool[distinct.Length];
        await Parallel.ForAsync(
            0, distinct.Length, new ParallelOptions { MaxDegreeOfParallelism = LookUpsAtATime, CancellationToken = cancellationToken },
            async (i, token) => isMissing[i] = await FindAsync(distinct[i], token) is null);
        return [.. distinct.Where((_, i) => isMissing[i])];
    }

    /// <inheritdoc/>
    public async ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken)
    {
        if (await FindAsync(digest, cancellationToken) is not { } encoded)
            return null;
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, encoded.Length);
        return new MemoryReader(encoded, (int)offset);
    }

    /// <inheritdoc/>
    public ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        return length <= ActionCacheStore.MaxResultBytes
            ? ValueTask.FromResult<BlobWriter>(new BufferedWriter((int)length, (content, token) => StoreAsync(digest, content, token)))
            : throw new StoreFullException(name, length, $"a result has at most {ActionCacheStore.MaxResultBytes} bytes");
    }

    private async Task<byte[]?> FindAsync(Digest digest, CancellationToken cancellationToken)
    {
        if (!digest.HasSize)
            return null;
        var request = new Reapi.GetActionResultRequest
        {
            InstanceName = (instance ?? digest.Instance).Value,
            ActionDigest = digest.ToProto(),
            DigestFunction = (Reapi.DigestFunction.Types.Value)digest.Function,
        };
        try
        {
            return await retry.RunAsync(() => AskAsync(request, cancellationToken), cancellationToken);
        }
        catch (RpcException exception) when (exception.Code == StatusCode.NotFound)
        {
            return null;
        }
        catch (RpcException exception)
        {
            throw new StoreUnavailableException(name, exception);
        }
    }

    private async Task<byte[]> AskAsync(Reapi.GetActionResultRequest request, CancellationToken cancellationToken)
    {
        await using RpcClientCall call = channel.Send(Get, request, CallHeaders.OfThisFlow(), cancellationToken);
        byte[]? encoded = await call.MoveNextAsync() ? call.Response.ToArray() : null;
        return encoded is not null && !await call.MoveNextAsync() ? encoded : throw new RpcException(StatusCode.Internal, $"{Get} did not answer exactly one message");
    }

    private async ValueTask StoreAsync(Digest digest, ReadOnlyMemory<byte> encoded, CancellationToken cancellationToken)
    {
        var request = new Reapi.UpdateActionResultRequest
        {
            InstanceName = (instance ?? digest.Instance).Value,
            ActionDigest = digest.ToProto(),
            DigestFunction = (Reapi.DigestFunction.Types.Value)digest.Function,
            ActionResult = Parse(digest, encoded.Span),
        };
        try
        {
            await retry.RunAsync(
                () => channel.UnaryAsync<Reapi.UpdateActionResultRequest, Reapi.ActionResult>(Update, request, cancellationToken, CallHeaders.OfThisFlow()), cancellationToken);
        }
        catch (RpcException exception)
        {
            throw exception.Code switch
            {
                StatusCode.InvalidArgument => new BlobMismatchException(digest, exception.Status.Message),
                StatusCode.ResourceExhausted => new StoreFullException(name, encoded.Length, exception.Status.Message),
                _ => new StoreUnavailableException(name, exception),
            };
        }
    }

    private static Reapi.ActionResult Parse(Digest digest, ReadOnlySpan<byte> encoded)
    {
        try
        {
            return Reapi.ActionResult.Parser.ParseFrom(encoded);
        }
        catch (Exception exception) when (MalformedMessage.IsReason(exception))
        {
            throw new BlobMismatchException(digest, $"it is no ActionResult ({exception.Message})");
        }
    }
}
