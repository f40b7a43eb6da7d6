using Google.Protobuf;
using RemoteExec.Execution.Operators;
using RemoteExec.Protocol.Operators;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Execution.Services;

/// <summary>The scheduler of another process, over the Operator service. Failures are <see cref="OperatorCallException"/>s.</summary>
/// <param name="channel">The way to it; a token goes with each call over it.</param>
/// <param name="patience">How long a call may take.</param>
public sealed class OperatorClient(RpcChannel channel, TimeSpan patience) : IOperator
{
    private const string Service = "/remoteexec.operator.v1.Operator/";
    private readonly RpcCallOptions options = new() { Timeout = patience };

    /// <inheritdoc/>
    public Task<ListQueuesResponse> ListQueuesAsync(ListQueuesRequest request, CancellationToken cancellationToken) =>
        CallAsync<ListQueuesRequest, ListQueuesResponse>("ListQueues", request, cancellationToken);

    /// <inheritdoc/>
    public Task<ListWorkersResponse> ListWorkersAsync(ListWorkersRequest request, CancellationToken cancellationToken) =>
        CallAsync<ListWorkersRequest, ListWorkersResponse>("ListWorkers", request, cancellationToken);

    /// <inheritdoc/>
    public Task<ListOperationsResponse> ListOperationsAsync(ListOperationsRequest request, CancellationToken cancellationToken) =>
        CallAsync<ListOperationsRequest, ListOperationsResponse>("ListOperations", request, cancellationToken);

    /// <inheritdoc/>
    public Task<OperationInfo> GetOperationAsync(GetOperationRequest request, CancellationToken cancellationToken) =>
        CallAsync<GetOperationRequest, OperationInfo>("GetOperation", request, cancellationToken);

    /// <inheritdoc/>
    public Task<Scaling> GetScalingAsync(GetScalingRequest request, CancellationToken cancellationToken) =>
        CallAsync<GetScalingRequest, Scaling>("GetScaling", request, cancellationToken);

    /// <inheritdoc/>
    public Task<CancelOperationsResponse> CancelOperationsAsync(CancelOperationsRequest request, CancellationToken cancellationToken) =>
        CallAsync<CancelOperationsRequest, CancelOperationsResponse>("CancelOperations", request, cancellationToken);

    /// <inheritdoc/>
    public Task<DrainWorkersResponse> DrainWorkersAsync(DrainWorkersRequest request, CancellationToken cancellationToken) =>
        CallAsync<DrainWorkersRequest, DrainWorkersResponse>("DrainWorkers", request, cancellationToken);

    private async Task<TResponse> CallAsync<TRequest, TResponse>(string method, TRequest request, CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>, new()
    {
        try
        {
            return await channel.UnaryAsync<TRequest, TResponse>(Service + method, request, cancellationToken, options);
        }
        catch (RpcException exception)
        {
            throw new OperatorCallException(ReasonOf(exception.Code), exception.Status.Message, exception);
        }
    }

    /// <summary>What a code means to an operator.</summary>
    internal static OperatorCallFailure ReasonOf(StatusCode code) => code switch
    {
        StatusCode.Unavailable or StatusCode.DeadlineExceeded => OperatorCallFailure.Unreachable,
        StatusCode.Unimplemented => OperatorCallFailure.NotOffered,
        StatusCode.Unauthenticated or StatusCode.PermissionDenied => OperatorCallFailure.NotAllowed,
        StatusCode.NotFound => OperatorCallFailure.NotFound,
        StatusCode.InvalidArgument => OperatorCallFailure.BadRequest,
        _ => OperatorCallFailure.Other,
    };
}
