using RemoteExec.Execution.Operators;
using RemoteExec.Protocol.Operators;

namespace RemoteExec.Server.Auth.Audit;

/// <summary>Writes down who steers.</summary>
/// <param name="inner">The scheduler.</param>
/// <param name="audit">Where it is written down.</param>
internal sealed class AuditedOperator(IOperator inner, AuditLog audit) : IOperator
{
    /// <inheritdoc/>
    public Task<ListQueuesResponse> ListQueuesAsync(ListQueuesRequest request, CancellationToken cancellationToken) => inner.ListQueuesAsync(request, cancellationToken);

    /// <inheritdoc/>
    public Task<ListWorkersResponse> ListWorkersAsync(ListWorkersRequest request, CancellationToken cancellationToken) => inner.ListWorkersAsync(request, cancellationToken);

    /// <inheritdoc/>
    public Task<ListOperationsResponse> ListOperationsAsync(ListOperationsRequest request, CancellationToken cancellationToken) => inner.ListOperationsAsync(request, cancellationToken);

    /// <inheritdoc/>
    public Task<OperationInfo> GetOperationAsync(GetOperationRequest request, CancellationToken cancellationToken) => inner.GetOperationAsync(request, cancellationToken);

    /// <inheritdoc/>
    public Task<Scaling> GetScalingAsync(GetScalingRequest request, CancellationToken cancellationToken) => inner.GetScalingAsync(request, cancellationToken);

    /// <inheritdoc/>
    public async Task<CancelOperationsResponse> CancelOperationsAsync(CancelOperationsRequest request, CancellationToken cancellationToken)
    {
        CancelOperationsResponse answer = await inner.CancelOperationsAsync(request, cancellationToken);
        audit.Done("operations.cancel", null, request.ToString());
        return answer;
    }

    /// <inheritdoc/>
    public async Task<DrainWorkersResponse> DrainWorkersAsync(DrainWorkersRequest request, CancellationToken cancellationToken)
    {
        DrainWorkersResponse answer = await inner.DrainWorkersAsync(request, cancellationToken);
        audit.Done("workers.drain", null, request.ToString());
        return answer;
    }
}
