using RemoteExec.Protocol;
using RemoteExec.Protocol.Workers;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;

namespace RemoteExec.TestKit;

/// <summary>A slot of a worker that a test plays by hand: it offers one property that nobody else has, and gets the actions that ask for it.</summary>
/// <param name="channel">The way to a listener of workers.</param>
/// <param name="authorization">What it shows when it posts.</param>
/// <param name="property">The name of the property, whose value is <c>1</c>.</param>
public sealed class HandWorker(RpcChannel channel, string authorization, string property)
{
    private readonly SynchronizeRequest introduction = new()
    {
        SlotId = $"{Guid.NewGuid()}",
        WorkerName = $"by hand for {property}",
        WorkerId = $"{Guid.NewGuid()}",
        ProtocolMinor = WorkerProtocol.Minor,
        Platform = PlatformOf(property),
    };

    /// <summary>What an action has to ask for.</summary>
    public static Reapi.Platform PlatformOf(string property) => new() { Properties = { new Reapi.Platform.Types.Property { Name = property, Value = "1" } } };

    /// <summary>Posts once.</summary>
    public Task<SynchronizeResponse> PostAsync(Action<SynchronizeRequest> state, CancellationToken cancellationToken)
    {
        SynchronizeRequest request = introduction.Clone();
        state(request);
        return channel.UnaryAsync<SynchronizeRequest, SynchronizeResponse>(
            "/remoteexec.worker.v1.WorkerQueue/Synchronize", request, cancellationToken, new RpcCallOptions { Headers = new RpcMetadata { { "authorization", authorization } } });
    }

    /// <summary>Posts until it is given an action.</summary>
    public async Task<SynchronizeResponse> WaitForActionAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await PostAsync(request => request.Idle = new SynchronizeRequest.Types.Idle(), cancellationToken) is { Execute: not null } answer)
                return answer;
        }
    }

    /// <summary>Says that an action has ended well, and made nothing.</summary>
    public Task<SynchronizeResponse> CompleteAsync(string lease, CancellationToken cancellationToken) => PostAsync(
        request => request.Completed = new SynchronizeRequest.Types.Completed { LeaseId = lease, Response = new Reapi.ExecuteResponse { Result = new Reapi.ActionResult() } }, cancellationToken);
}
