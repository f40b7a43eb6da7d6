using RemoteExec.Protocol.Workers;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Conformance.Tests.Execution;

/// <summary>One slot of a worker that runs nothing: a test says what its posts are. It speaks the real protocol over the wire.</summary>
internal sealed class FakeWorker(RpcChannel channel, string name, (string Name, string Value)[] platform)
{
    private readonly string slotId = Guid.NewGuid().ToString("N");

    /// <summary>The worker's name.</summary>
    public string Name => name;

    /// <summary>Posts that the slot is idle; returns when the server answers.</summary>
    public Task<SynchronizeResponse> PostIdleAsync(CancellationToken? cancellationToken = null) =>
        PostAsync(request => request.Idle = new SynchronizeRequest.Types.Idle(), cancellationToken);

    /// <summary>Posts idle again and again until the server has an action.</summary>
    public async Task<SynchronizeResponse.Types.Execute> TakeAsync()
    {
        while (true)
        {
            SynchronizeResponse response = await PostIdleAsync();
            if (response.Execute is { } execute)
                return execute;
        }
    }

    /// <summary>Posts that the slot executes.</summary>
    public Task<SynchronizeResponse> PostExecutingAsync(
        string leaseId, Reapi.ExecutedActionMetadata? metadata = null, CancellationToken? cancellationToken = null) =>
        PostAsync(
            request => request.Executing = new SynchronizeRequest.Types.Executing { LeaseId = leaseId, Metadata = metadata }, cancellationToken);

    /// <summary>Posts a response.</summary>
    public Task<SynchronizeResponse> CompleteAsync(string leaseId, Reapi.ExecuteResponse? response, bool retryable = false, bool leaving = false) =>
        PostAsync(request => request.Completed = new SynchronizeRequest.Types.Completed
        {
            LeaseId = leaseId,
            Response = response,
            Retryable = retryable,
            Leaving = leaving,
        });

    /// <summary>Posts a result.</summary>
    public Task<SynchronizeResponse> SucceedAsync(string leaseId, Reapi.ActionResult? result = null) =>
        CompleteAsync(leaseId, new Reapi.ExecuteResponse { Result = result ?? new Reapi.ActionResult() });

    /// <summary>Posts an error.</summary>
    public Task<SynchronizeResponse> FailAsync(string leaseId, StatusCode code, string message, bool retryable = false) =>
        CompleteAsync(leaseId, new Reapi.ExecuteResponse { Status = new Google.Rpc.Status { Code = (int)code, Message = message } }, retryable);

    /// <summary>Posts that the slot leaves.</summary>
    public Task<SynchronizeResponse> LeaveAsync() => PostAsync(request => request.Leaving = new SynchronizeRequest.Types.Leaving());

    /// <summary>Posts whatever a test likes.</summary>
    public Task<SynchronizeResponse> PostAsync(Action<SynchronizeRequest> fill, CancellationToken? cancellationToken = null)
    {
        var request = new SynchronizeRequest { SlotId = slotId, WorkerName = name, Platform = new Reapi.Platform() };
        foreach ((string property, string value) in platform)
            request.Platform.Properties.Add(new Reapi.Platform.Types.Property { Name = property, Value = value });
        fill(request);
        return channel.UnaryAsync<SynchronizeRequest, SynchronizeResponse>(
            "/remoteexec.worker.v1.WorkerQueue/Synchronize", request, cancellationToken ?? TestContext.Current.CancellationToken);
    }
}
