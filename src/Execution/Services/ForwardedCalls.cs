using System.Buffers;
using Build.Bazel.Remote.Execution.V2;
using Google.Protobuf;
using RemoteExec.Execution.Availability;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Access;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.Rpc.Framing;
using RemoteExec.Rpc.Server;
using Operation = Google.LongRunning.Operation;

namespace RemoteExec.Execution.Services;

/// <summary>
/// Makes calls of clients and workers at the server where the active scheduler is. When that one goes, a call is made again where the next one is: all of them may be repeated, and an
/// Execute that has told the name of its operation goes on as a WaitExecution; one that has not, under the id that it was given here.
/// </summary>
internal sealed class ForwardedCalls(SchedulerRouter router, TimeProvider time, AccessGuard access)
{
    /// <summary>Marks calls that were forwarded once: they are not forwarded again.</summary>
    public const string Header = LocalClient.ForwardedHeader;

    private const string OperationIdHeader = "remoteexec-operation";
    private const string WaitExecution = "/build.bazel.remote.execution.v2.Execution/WaitExecution";
    private static readonly TimeSpan pause = TimeSpan.FromMilliseconds(50);
    private const string Authorization = "authorization";

    /// <summary>The id that the server which carries a call on has given its operation; null if it was not carried on.</summary>
    public static Guid? OperationIdOf(RpcCall call) =>
        call.GetRequestHeader(LocalClient.ForwardedHeader) is not null && Guid.TryParseExact(call.GetRequestHeader(OperationIdHeader), "D", out Guid id) ? id : null;

    /// <summary>Carries on a call that has one answer.</summary>
    /// <param name="call">The call; its request was not read.</param>
    /// <param name="isForWorkers">True if it is made at the listener of workers.</param>
    public async Task UnaryAsync(RpcCall call, bool isForWorkers)
    {
        byte[] request = await ReadRequestAsync(call);
        var patience = new Patience(time);
        byte[]? response = null;
        while (response is null)
        {
            SchedulerPeer peer = await FindAsync(call);
            response = await TryAsync(
                peer,
                async () =>
                {
                    RpcChannel channel = isForWorkers ? peer.Workers : peer.Clients;
                    await using RpcClientCall forwarded = channel.SendFrame(call.Method, request, isForWorkers ? OptionsOfWorker(call, peer) : OptionsOf(call, peer.PassesClientsOn), call.CancellationToken);
                    if (!await forwarded.MoveNextAsync())
                        throw new RpcException(StatusCode.Internal, $"{call.Method} at {channel.Address} did not answer");
                    byte[] answer = forwarded.Response.ToArray();
                    await forwarded.MoveNextAsync(); // a bad end throws
                    return answer;
                },
                patience, call);
        }

        Write(call, new ReadOnlySequence<byte>(response));
    }

    /// <summary>Carries on a call of Execute or WaitExecution.</summary>
    public async Task OperationsAsync(RpcCall call)
    {
        string method = call.Method;
        byte[] request = await ReadRequestAsync(call);
        string id = Guid.NewGuid().ToString("D"); // the same each time: what was accepted before it broke is not started again
        string? name = null;
        var patience = new Patience(time);
        bool hasEnded = false;
        while (!hasEnded)
        {
            SchedulerPeer peer = await FindAsync(call);
            RpcCallOptions options = OptionsOf(call, peer.PassesClientsOn);
            options.Headers!.Add(OperationIdHeader, id);
            hasEnded = await TryAsync(
                peer,
                async () =>
                {
                    await using RpcClientCall forwarded = peer.Clients.SendFrame(method, request, options, call.CancellationToken);
                    while (await forwarded.MoveNextAsync())
                    {
                        name ??= Operation.Parser.ParseFrom(forwarded.Response).Name;
                        Write(call, forwarded.Response);
                        await call.Responses.FlushAsync(call.CancellationToken);
                        patience.Renew();
                    }

                    return true;
                },
                patience, call);
            if (!hasEnded && name is not null && method != WaitExecution)
            {
                method = WaitExecution;
                request = FrameOf(new WaitExecutionRequest { Name = name });
            }
        }
    }

    /// <summary>Carries on a call with one request, that was read, and a stream of answers. It is made once: who reads a stream knows where it stood.</summary>
    public async Task ReadAsync(SchedulerPeer peer, IMessage request, RpcCall call)
    {
        await call.SendHeadersAsync(); // it may be long before there is an answer
        await OnceAsync(peer, async () =>
        {
            await using RpcClientCall forwarded = peer.Clients.SendFrame(call.Method, FrameOf(request), OptionsOf(call, peer.PassesClientsOn), call.CancellationToken);
            while (await forwarded.MoveNextAsync())
            {
                Write(call, forwarded.Response);
                await call.Responses.FlushAsync(call.CancellationToken);
            }
        });
    }

    /// <summary>Carries on a call of a worker with a stream of requests, of which the first was read, and one answer. It is made once.</summary>
    public Task WriteAsync(SchedulerPeer peer, RpcCall call) => OnceAsync(peer, async () =>
    {
        await using RpcClientCall forwarded = peer.Workers.Open(call.Method, OptionsOfWorker(call, peer), call.CancellationToken);
        bool isOpen = true;
        call.Requests.MayRest = true; // whoever serves it knows whether it may
        do
        {
            MessageWriter requests = await forwarded.GetRequestsAsync();
            requests.Start((int)call.Requests.Current.Length);
            foreach (ReadOnlyMemory<byte> part in call.Requests.Current)
                requests.Write(part.Span);
            isOpen = await forwarded.FlushAsync();
        }
        while (isOpen && await call.Requests.MoveNextAsync(call.CancellationToken));
        if (isOpen)
            await forwarded.CompleteRequestsAsync();
        while (await forwarded.MoveNextAsync())
            Write(call, forwarded.Response);
    });

    /// <summary>Carries on a call of a worker with one request, that was read, and one answer. It is made once.</summary>
    public async Task<TResponse> CallAsync<TRequest, TResponse>(SchedulerPeer peer, TRequest request, RpcCall call)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>, new()
    {
        TResponse? response = null;
        await OnceAsync(peer, async () => response = await peer.Workers.UnaryAsync<TRequest, TResponse>(
            call.Method, request, call.CancellationToken, OptionsOfWorker(call, peer)));
        return response!;
    }

    private static async Task OnceAsync(SchedulerPeer peer, Func<Task> attempt)
    {
        try
        {
            await attempt();
        }
        catch (Exception failure) when (failure is ObjectDisposedException or RpcException && peer.IsGone.IsCancellationRequested)
        {
            throw new NoActiveSchedulerException("the active scheduler has just changed: try again");
        }
    }

    private async Task<byte[]> ReadRequestAsync(RpcCall call)
    {
        ReadOnlySequence<byte> message = await call.Requests.ReadSingleAsync(call.CancellationToken);
        if (access.IsOn && CalledOperation.Of(call.Method, message) is var (oneOf, instance))
            access.Check(oneOf, instance);
        var frame = new byte[MessagePrefix.Length + message.Length];
        MessagePrefix.Write(frame, (int)message.Length);
        message.CopyTo(frame.AsSpan(MessagePrefix.Length));
        call.Requests.Release();
        return frame;
    }

    private static byte[] FrameOf(IMessage message)
    {
        int length = message.CalculateSize();
        var frame = new byte[MessagePrefix.Length + length];
        MessagePrefix.Write(frame, length);
        message.WriteTo(frame.AsSpan(MessagePrefix.Length));
        return frame;
    }

    private static void Write(RpcCall call, in ReadOnlySequence<byte> message)
    {
        call.Responses.Start((int)message.Length);
        foreach (ReadOnlyMemory<byte> part in message)
            call.Responses.Write(part.Span);
    }

    // What a worker was given with its action is known wherever the cluster's keys are, and worth more there than what this server shows.
    private static RpcCallOptions OptionsOfWorker(RpcCall call, SchedulerPeer peer) => OptionsOf(call, peer.PassesAuthorizationOn || LeaseGrant.IsShownIn(call.GetRequestHeader(Authorization)));

    private static RpcCallOptions OptionsOf(RpcCall call, bool passesAuthorizationOn)
    {
        var headers = new RpcMetadata();
        if (call.GetRequestHeader(RequestMetadataHeader.Name) is { } metadata)
            headers.Add(RequestMetadataHeader.Name, metadata);
        if (passesAuthorizationOn && call.GetRequestHeader(Authorization) is { } authorization)
            headers.Add(Authorization, authorization);
        return new RpcCallOptions { Headers = headers };
    }

    // A server that has become the active one in the meantime is called as any other: what it has of the call so far is an encoded request.
    private async Task<SchedulerPeer> FindAsync(RpcCall call) => await router.FindAsync(call.CancellationToken) switch
    {
        SchedulerRoute.Elsewhere elsewhere => elsewhere.Peer,
        SchedulerRoute.Here here => here.Self,
        _ => throw new InvalidOperationException("a route leads somewhere"),
    };

    /// <summary>Makes a call; the default value if it is to be made again, because the server can't be reached or is no longer the one to ask.</summary>
    private async Task<T?> TryAsync<T>(SchedulerPeer peer, Func<Task<T>> attempt, Patience patience, RpcCall call)
    {
        try
        {
            return await attempt();
        }
        catch (RpcException failure) when (failure.Code == StatusCode.Unavailable || peer.IsGone.IsCancellationRequested)
        {
            if (patience.IsOver)
                throw new NoActiveSchedulerException($"the active scheduler can't be reached: {failure.Status.Message}");
        }
        catch (ObjectDisposedException) when (peer.IsGone.IsCancellationRequested)
        {
            // It was found just before it went.
        }

        await Task.Delay(pause, time, call.CancellationToken);
        return default;
    }

    /// <summary>How long it is tried anew since something was heard last.</summary>
    private sealed class Patience(TimeProvider time)
    {
        private DateTimeOffset end = time.GetUtcNow() + SchedulerRouter.Patience;

        public bool IsOver => time.GetUtcNow() >= end;

        public void Renew() => end = time.GetUtcNow() + SchedulerRouter.Patience;
    }
}
