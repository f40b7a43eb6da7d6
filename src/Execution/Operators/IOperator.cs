using RemoteExec.Protocol.Operators;

namespace RemoteExec.Execution.Operators;

/// <summary>
/// What an operator may ask and tell the scheduler, wherever it runs; the messages say what each call means. Who may call is somebody else's question. A name that nothing has, or
/// that makes no sense, is an exception whose message says what to write instead.
/// </summary>
public interface IOperator
{
    /// <summary>What waits, by platform, and who could run it.</summary>
    Task<ListQueuesResponse> ListQueuesAsync(ListQueuesRequest request, CancellationToken cancellationToken);

    /// <summary>The workers that are connected.</summary>
    Task<ListWorkersResponse> ListWorkersAsync(ListWorkersRequest request, CancellationToken cancellationToken);

    /// <summary>Operations, up to a limit.</summary>
    Task<ListOperationsResponse> ListOperationsAsync(ListOperationsRequest request, CancellationToken cancellationToken);

    /// <summary>One operation.</summary>
    Task<OperationInfo> GetOperationAsync(GetOperationRequest request, CancellationToken cancellationToken);

    /// <summary>How many workers there should be.</summary>
    Task<Scaling> GetScalingAsync(GetScalingRequest request, CancellationToken cancellationToken);

    /// <summary>Cancels operations.</summary>
    Task<CancelOperationsResponse> CancelOperationsAsync(CancelOperationsRequest request, CancellationToken cancellationToken);

    /// <summary>Takes workers out of service, or back.</summary>
    Task<DrainWorkersResponse> DrainWorkersAsync(DrainWorkersRequest request, CancellationToken cancellationToken);
}
