using RemoteExec.Execution.Operations;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Operators;

namespace RemoteExec.Execution.Operators;

/// <summary>The scheduler of this process.</summary>
/// <param name="queue">Its shell.</param>
public sealed class QueueOperator(ActionQueue queue) : IOperator
{
    private const int DefaultBuilds = 20;
    private const int DefaultOperations = 1000;
    private const int MostOperations = 10_000;

    /// <inheritdoc/>
    public Task<ListQueuesResponse> ListQueuesAsync(ListQueuesRequest request, CancellationToken cancellationToken) =>
        Task.FromResult(queue.ListQueues(PlatformFilter.Of(request.Platform), Bounded("builds", request.Builds, DefaultBuilds, int.MaxValue)));

    /// <inheritdoc/>
    public Task<ListWorkersResponse> ListWorkersAsync(ListWorkersRequest request, CancellationToken cancellationToken) =>
        Task.FromResult(queue.ListWorkers(request.Name));

    /// <inheritdoc/>
    public Task<ListOperationsResponse> ListOperationsAsync(ListOperationsRequest request, CancellationToken cancellationToken) => Task.FromResult(
        queue.ListOperations(request.Invocation, request.Worker, request.Done, Bounded("limit", request.Limit, DefaultOperations, MostOperations)));

    /// <inheritdoc/>
    public Task<OperationInfo> GetOperationAsync(GetOperationRequest request, CancellationToken cancellationToken) => Task.FromResult(queue.Describe(Name(request.Name)));

    /// <inheritdoc/>
    public Task<Scaling> GetScalingAsync(GetScalingRequest request, CancellationToken cancellationToken) =>
        Task.FromResult(ScalingReport.Make(queue.ListQueues(PlatformFilter.Of(request.Platform), mostBuilds: 0), request.SlotsPerWorker));

    /// <inheritdoc/>
    public Task<CancelOperationsResponse> CancelOperationsAsync(CancelOperationsRequest request, CancellationToken cancellationToken)
    {
        if (request.Names.Count > 0 == request.Invocation.Length > 0)
            throw new OperatorRequestException("say what to cancel: either names of operations, or an invocation");
        int cancelled = request.Names.Count > 0 ? queue.Cancel([.. request.Names.Select(Name)]) : queue.CancelInvocation(request.Invocation);
        return Task.FromResult(new CancelOperationsResponse { Cancelled = cancelled });
    }

    /// <inheritdoc/>
    public Task<DrainWorkersResponse> DrainWorkersAsync(DrainWorkersRequest request, CancellationToken cancellationToken)
    {
        if (request.Name.Length == 0)
            throw new OperatorRequestException("name is empty: write a worker's name, or * for all");
        TimeSpan? grace = WireTime.Read(request.Grace);
        if (request.Grace is not null && grace is null)
            throw new OperatorRequestException($"grace of {request.Grace.Seconds} s and {request.Grace.Nanos} ns is no length of time");
        if (grace < TimeSpan.Zero)
            throw new OperatorRequestException($"grace is negative: {grace.Value.TotalSeconds} s");
        if (request is { Undo: true, Grace: not null })
            throw new OperatorRequestException("grace makes no sense where workers are taken back: leave it out");
        return Task.FromResult(new DrainWorkersResponse { Workers = queue.DrainWorkers(request.Name, request.Undo, grace) });
    }

    private static OperationName Name(string text) => OperationName.TryParse(text, out OperationName name) ? name : throw new OperationNotFoundException(text);

    private static int Bounded(string field, int asked, int fallback, int most) => asked switch
    {
        < 0 => throw new OperatorRequestException($"{field} is negative: {asked}"),
        0 => fallback,
        _ => Math.Min(asked, most),
    };
}
