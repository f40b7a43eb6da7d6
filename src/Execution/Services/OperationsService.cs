using Google.LongRunning;
using Google.Protobuf.WellKnownTypes;
using RemoteExec.Cas;
using RemoteExec.Cas.Services;
using RemoteExec.Execution.Operations;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Access;
using RemoteExec.Rpc.Server;
using Operation = Google.LongRunning.Operation;

namespace RemoteExec.Execution.Services;

/// <summary>The Operations service: looks at, cancels and deletes operations of the Execution service (OPS-01 to OPS-03).</summary>
/// <param name="queue">Where the operations are.</param>
/// <param name="cas">Where content comes from that clients would like to have inlined.</param>
/// <param name="limits">How long a message may be.</param>
/// <param name="time">The clock.</param>
/// <param name="access">Knows who may look at operations of which instance, and cancel them; null for everybody.</param>
public sealed class OperationsService(ActionQueue queue, IBlobStore cas, CasLimits limits, TimeProvider time, AccessGuard? access = null)
{
    private readonly AccessGuard access = access ?? AccessGuard.Off;
    private readonly OperationMessages messages = new(cas, limits.MaxResponseBytes);

    private const int DefaultPage = 100;
    private const int LargestPage = 1000;

    /// <summary>The methods.</summary>
    public RpcService ToRpcService() => new RpcService(OperationsReflection.Descriptor, "Operations", ExecutionErrors.ToStatus)
        .Unary<GetOperationRequest, Operation>("GetOperation", (request, call) =>
            messages.ToProtoAsync(queue.Get(Name(request.Name)), call.CancellationToken))
        .Unary<ListOperationsRequest, ListOperationsResponse>("ListOperations", (request, _) => Task.FromResult(List(request)))
        .Unary<CancelOperationRequest, Empty>("CancelOperation", CancelAsync)
        .Unary<DeleteOperationRequest, Empty>("DeleteOperation", DeleteAsync)
        .Unary<WaitOperationRequest, Operation>("WaitOperation", WaitAsync);

    private OperationName Name(string text)
    {
        if (!OperationName.TryParse(text, out OperationName name))
            throw new OperationNotFoundException(text);
        access.Check(CalledOperation.Looks, name.Instance);
        return name;
    }

    // Pages in the order of the ids; the token is the last id of the page before. The filter is ignored: it would be an order, not a need.
    private ListOperationsResponse List(ListOperationsRequest request)
    {
        if (!OperationName.TryParseParent(request.Name, out InstanceName instance, out string? error))
            throw RequestArguments.Invalid($"name: {error}");
        access.Check(CalledOperation.Looks, instance);
        if (request.PageSize < 0)
            throw RequestArguments.Invalid($"page_size is negative: {request.PageSize}");
        Guid after = Guid.Empty;
        if (request.PageToken.Length > 0 && !Guid.TryParseExact(request.PageToken, "D", out after))
            throw RequestArguments.Invalid($"page_token '{request.PageToken}' is none that this server gave");

        int size = request.PageSize == 0 ? DefaultPage : Math.Min(request.PageSize, LargestPage);
        OperationState[] page =
            [.. queue.List(instance).Where(state => state.Name.Id.CompareTo(after) > 0).OrderBy(state => state.Name.Id).Take(size + 1)];
        var response = new ListOperationsResponse();
        response.Operations.AddRange(page.Take(size).Select(OperationMessages.ToProto));
        if (page.Length > size)
            response.NextPageToken = page[size - 1].Name.Id.ToString("D");
        return response;
    }

    private Task<Empty> CancelAsync(CancelOperationRequest request, RpcCall call)
    {
        queue.Cancel(Name(request.Name));
        return Task.FromResult(new Empty());
    }

    private Task<Empty> DeleteAsync(DeleteOperationRequest request, RpcCall call)
    {
        queue.Delete(Name(request.Name));
        return Task.FromResult(new Empty());
    }

    // Answers the newest state when the operation is done, or when the time asked for is over.
    private async Task<Operation> WaitAsync(WaitOperationRequest request, RpcCall call)
    {
        OperationName name = Name(request.Name);
        OperationState newest = queue.Get(name);
        using var overall = CancellationTokenSource.CreateLinkedTokenSource(call.CancellationToken);
        using var timeout = request.Timeout is { } asked ? new CancellationTokenSource(Clamp(asked), time) : new CancellationTokenSource();
        await using CancellationTokenRegistration link = timeout.Token.Register(overall.Cancel);
        try
        {
            await foreach (OperationState state in queue.WatchAsync(name, overall.Token))
                newest = state;
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !call.CancellationToken.IsCancellationRequested)
        {
            // The time is over: what is known now is the answer.
        }

        return await messages.ToProtoAsync(newest, call.CancellationToken);
    }

    private static TimeSpan Clamp(Duration asked) =>
        asked.Seconds < 0 ? TimeSpan.Zero : asked.Seconds > (long)TimeSpan.FromDays(1).TotalSeconds ? TimeSpan.FromDays(1)
        : WireTime.Read(asked) is not { } time ? throw RequestArguments.Invalid($"timeout of {asked.Seconds} s and {asked.Nanos} ns is no time")
        : time < TimeSpan.Zero ? TimeSpan.Zero : time;
}
