using RemoteExec.Execution.Availability;
using RemoteExec.Execution.Operators;
using RemoteExec.Protocol.Operators;

namespace RemoteExec.Execution.Services;

/// <summary>The active scheduler, wherever it is. Where it is elsewhere it answers as to anybody on another machine: what changes something takes a token, and calls here carry none.</summary>
/// <param name="router">Knows where it is.</param>
public sealed class ActiveOperator(SchedulerRouter router) : IOperator
{
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public async Task<ListQueuesResponse> ListQueuesAsync(ListQueuesRequest request, CancellationToken cancellationToken) =>
        await (await FindAsync(cancellationToken)).ListQueuesAsync(request, cancellationToken);

    /// <inheritdoc/>
    public async Task<ListWorkersResponse> ListWorkersAsync(ListWorkersRequest request, CancellationToken cancellationToken) =>
        await (await FindAsync(cancellationToken)).ListWorkersAsync(request, cancellationToken);

    /// <inheritdoc/>
    public async Task<ListOperationsResponse> ListOperationsAsync(ListOperationsRequest request, CancellationToken cancellationToken) =>
        await (await FindAsync(cancellationToken)).ListOperationsAsync(request, cancellationToken);

    /// <inheritdoc/>
    public async Task<OperationInfo> GetOperationAsync(GetOperationRequest request, CancellationToken cancellationToken) =>
        await (await FindAsync(cancellationToken)).GetOperationAsync(request, cancellationToken);

    /// <inheritdoc/>
    public async Task<Scaling> GetScalingAsync(GetScalingRequest request, CancellationToken cancellationToken) =>
        await (await FindAsync(cancellationToken)).GetScalingAsync(request, cancellationToken);

    /// <inheritdoc/>
    public async Task<CancelOperationsResponse> CancelOperationsAsync(CancelOperationsRequest request, CancellationToken cancellationToken) =>
        await (await FindAsync(cancellationToken)).CancelOperationsAsync(request, cancellationToken);

    /// <inheritdoc/>
    public async Task<DrainWorkersResponse> DrainWorkersAsync(DrainWorkersRequest request, CancellationToken cancellationToken) =>
        await (await FindAsync(cancellationToken)).DrainWorkersAsync(request, cancellationToken);

    private async Task<IOperator> FindAsync(CancellationToken cancellationToken) => await router.FindAsync(cancellationToken) switch
    {
        SchedulerRoute.Here here => new QueueOperator(here.Queue),
        SchedulerRoute.Elsewhere elsewhere => new OperatorClient(elsewhere.Peer.Clients, patience),
        _ => throw new InvalidOperationException("a route leads somewhere"),
    };
}
