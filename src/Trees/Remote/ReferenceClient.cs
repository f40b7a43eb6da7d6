using System.Runtime.CompilerServices;
using Google.Protobuf;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Protocol.References;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Trees.Remote;

/// <summary>Reads, sets and watches the named references of a server.</summary>
/// <param name="channel">The way to the server; stays the caller's.</param>
/// <param name="instance">The instance.</param>
/// <param name="patience">How long a server is waited for that is out of reach.</param>
/// <param name="time">The clock.</param>
public sealed class ReferenceClient(RpcChannel channel, InstanceName instance, TimeSpan patience, TimeProvider time)
{
    private const string Service = "/remoteexec.references.v1.References/";
    private readonly RpcRetry retry = new(patience, time);

    /// <summary>What a name stands for; null for nothing.</summary>
    /// <exception cref="TreeException">The server has no references, or none of that kind.</exception>
    /// <exception cref="StoreUnavailableException">The server can't be reached, or refuses to answer.</exception>
    public async Task<NamedTarget?> FindAsync(string name, CancellationToken cancellationToken)
    {
        var request = new GetReferenceRequest { InstanceName = instance.Value, Name = name };
        try
        {
            return Read(await retry.RunAsync(() => channel.UnaryAsync<GetReferenceRequest, Reference>(Service + "GetReference", request, cancellationToken), cancellationToken));
        }
        catch (RpcException exception) when (exception.Code == StatusCode.NotFound)
        {
            return null;
        }
        catch (RpcException exception)
        {
            throw Failure(name, exception);
        }
    }

    /// <summary>Lets a name stand for a directory.</summary>
    /// <param name="name">The name.</param>
    /// <param name="directory">The directory.</param>
    /// <param name="expectedVersion">The version that the reference is to have now; 0 if there is to be none; null for whatever is there.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="ReferenceMovedException">It is at another version.</exception>
    /// <exception cref="TreeException">The server has no references, or refuses this one.</exception>
    /// <exception cref="StoreUnavailableException">The server can't be reached.</exception>
    public async Task<NamedTarget> SetAsync(string name, Digest directory, long? expectedVersion, CancellationToken cancellationToken)
    {
        var request = new SetReferenceRequest
        {
            Name = name,
            Target = new Target { Directory = directory.ToProto(), DigestFunction = (Reapi.DigestFunction.Types.Value)directory.Function },
        };
        if (expectedVersion is { } expected)
            request.ExpectedVersion = expected;
        return Read(await SetAsync(request, cancellationToken));
    }

    /// <summary>Sets a reference.</summary>
    /// <param name="request">How; the instance is written into it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="ReferenceMovedException">It is not at the version that it was to be at.</exception>
    /// <exception cref="TreeException">The server has no references, or refuses this one.</exception>
    /// <exception cref="StoreUnavailableException">The server can't be reached.</exception>
    public Task<Reference> SetAsync(SetReferenceRequest request, CancellationToken cancellationToken)
    {
        request.InstanceName = instance.Value;
        return CallAsync<SetReferenceRequest, Reference>("SetReference", request, request.Name, cancellationToken);
    }

    /// <summary>Deletes a reference.</summary>
    /// <param name="name">The name.</param>
    /// <param name="expectedVersion">The version that it is to have now; null for whatever is there.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="ReferenceMovedException">It is at another version.</exception>
    /// <exception cref="TreeException">The server has no references, or none of that name.</exception>
    /// <exception cref="StoreUnavailableException">The server can't be reached.</exception>
    public Task DeleteAsync(string name, long? expectedVersion, CancellationToken cancellationToken)
    {
        var request = new DeleteReferenceRequest { InstanceName = instance.Value, Name = name };
        if (expectedVersion is { } expected)
            request.ExpectedVersion = expected;
        return CallAsync<DeleteReferenceRequest, DeleteReferenceResponse>("DeleteReference", request, name, cancellationToken);
    }

    /// <summary>All references whose names begin so, by name.</summary>
    /// <exception cref="TreeException">The server has no references.</exception>
    /// <exception cref="StoreUnavailableException">The server can't be reached.</exception>
    public async Task<IReadOnlyList<Reference>> ListAsync(string prefix, CancellationToken cancellationToken)
    {
        List<Reference> all = [];
        var request = new ListReferencesRequest { InstanceName = instance.Value, Prefix = prefix };
        do
        {
            ListReferencesResponse page = await CallAsync<ListReferencesRequest, ListReferencesResponse>("ListReferences", request, prefix, cancellationToken);
            all.AddRange(page.References);
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
        return all;
    }

    /// <summary>What a reference has named, the latest first.</summary>
    /// <exception cref="TreeException">The server has no references, or none of that name.</exception>
    /// <exception cref="StoreUnavailableException">The server can't be reached.</exception>
    public Task<ListHistoryResponse> ListHistoryAsync(string name, CancellationToken cancellationToken) =>
        CallAsync<ListHistoryRequest, ListHistoryResponse>("ListHistory", new ListHistoryRequest { InstanceName = instance.Value, Name = name }, name, cancellationToken);

    /// <summary>What a name stands for now, and each time that this has changed; null while it stands for nothing. A server that restarts is waited for.</summary>
    /// <exception cref="TreeException">The server has no references.</exception>
    /// <exception cref="StoreUnavailableException">The server can't be reached for longer than there is patience.</exception>
    public async IAsyncEnumerable<NamedTarget?> WatchAsync(string name, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var request = new WatchReferenceRequest { InstanceName = instance.Value, Name = name };
        RpcAttempts attempts = retry.Begin();
        while (true)
        {
            await using RpcClientCall call = channel.Send(Service + "WatchReference", request, null, cancellationToken);
            while (await NextAsync(call, name, attempts) is { } response)
            {
                attempts.Reset();
                yield return response.Reference is null ? null : Read(response.Reference);
            }

            await attempts.WaitAsync(cancellationToken);
        }
    }

    private async Task<TResponse> CallAsync<TRequest, TResponse>(string method, TRequest request, string name, CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>, new()
    {
        try
        {
            return await channel.UnaryAsync<TRequest, TResponse>(Service + method, request, cancellationToken);
        }
        catch (RpcException exception)
        {
            throw Failure(name, exception);
        }
    }

    // Null: the call has ended, and another one is to be begun.
    private async Task<WatchReferenceResponse?> NextAsync(RpcClientCall call, string name, RpcAttempts attempts)
    {
        try
        {
            return await call.ReadAsync<WatchReferenceResponse>();
        }
        catch (RpcException exception) when (attempts.MayGoOn(exception))
        {
            return null;
        }
        catch (RpcException exception)
        {
            throw Failure(name, exception);
        }
    }

    private NamedTarget Read(Reference reference)
    {
        Target target = reference.Target ?? new Target();
        bool isDirectory = target.KindCase == Target.KindOneofCase.Directory;
        return Digest.TryParse(instance, (DigestFunction)target.DigestFunction, isDirectory ? target.Directory : target.Blob, out Digest digest, out string? error)
            ? new NamedTarget(reference.Name, digest, isDirectory, reference.Version)
            : throw new TreeException($"what '{reference.Name}' names can't be used: {error}");
    }

    private Exception Failure(string name, RpcException exception) => exception.Code switch
    {
        StatusCode.Aborted => new ReferenceMovedException(name),
        StatusCode.Unimplemented => new TreeException($"{channel.Address} knows no named references: write a digest instead of '{name}'", exception),
        StatusCode.Unavailable => new StoreUnavailableException(channel.Address.ToString(), exception),
        _ => new TreeException($"'{name}': {exception.Status.Message}", exception),
    };
}
