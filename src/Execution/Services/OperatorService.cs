using RemoteExec.Execution.Operators;
using RemoteExec.Protocol.Operators;
using RemoteExec.Rpc.Server;

namespace RemoteExec.Execution.Services;

/// <summary>The Operator service: looks at queues, workers and operations, cancels and drains.</summary>
/// <param name="scheduler">Who answers.</param>
/// <param name="access">Who may change something.</param>
public sealed class OperatorService(IOperator scheduler, OperatorAccess access)
{
    /// <summary>The methods.</summary>
    public RpcService ToRpcService() => new RpcService(OperatorReflection.Descriptor, "Operator", ExecutionErrors.ToStatus)
        .Unary<ListQueuesRequest, ListQueuesResponse>("ListQueues", (request, call) => scheduler.ListQueuesAsync(request, call.CancellationToken))
        .Unary<ListWorkersRequest, ListWorkersResponse>("ListWorkers", (request, call) => scheduler.ListWorkersAsync(request, call.CancellationToken))
        .Unary<ListOperationsRequest, ListOperationsResponse>("ListOperations", (request, call) => scheduler.ListOperationsAsync(request, call.CancellationToken))
        .Unary<GetOperationRequest, OperationInfo>("GetOperation", (request, call) => scheduler.GetOperationAsync(request, call.CancellationToken))
        .Unary<GetScalingRequest, Scaling>("GetScaling", (request, call) => scheduler.GetScalingAsync(request, call.CancellationToken))
        .Unary<CancelOperationsRequest, CancelOperationsResponse>("CancelOperations", (request, call) =>
        {
            access.CheckChange(call);
            return scheduler.CancelOperationsAsync(request, call.CancellationToken);
        })
        .Unary<DrainWorkersRequest, DrainWorkersResponse>("DrainWorkers", (request, call) =>
        {
            access.CheckChange(call);
            return scheduler.DrainWorkersAsync(request, call.CancellationToken);
        });
}
