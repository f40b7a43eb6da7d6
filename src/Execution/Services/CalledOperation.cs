using System.Buffers;
using Build.Bazel.Remote.Execution.V2;
using Google.LongRunning;
using RemoteExec.Cas.Services;
using RemoteExec.Execution.Operations;
using RemoteExec.Protocol.Access;
using RemoteExec.Rpc.Server;
using InstanceName = RemoteExec.Protocol.InstanceName;

namespace RemoteExec.Execution.Services;

/// <summary>Tells from a call that is only carried on which right it takes, and where: the same as the services say where the scheduler is.</summary>
internal static class CalledOperation
{
    /// <summary>What the services of operations ask for.</summary>
    public const Right Looks = Right.Execute | Right.Operate;

    private const string Execution = "/build.bazel.remote.execution.v2.Execution/", Operations = "/google.longrunning.Operations/";

    /// <summary>The right, and the instance; null for calls that belong to none.</summary>
    /// <param name="method">The method.</param>
    /// <param name="message">Its request.</param>
    /// <exception cref="Rpc.RpcException">INVALID_ARGUMENT: it is no such request, or names no instance.</exception>
    /// <exception cref="OperationNotFoundException">It names an operation that there can't be.</exception>
    public static (Right OneOf, InstanceName Instance)? Of(string method, in ReadOnlySequence<byte> message) => method switch
    {
        Execution + "Execute" => (Right.Execute, RequestArguments.Instance(RpcService.Parse<ExecuteRequest>(message).InstanceName)),
        Execution + "WaitExecution" => (Right.Execute, Named(RpcService.Parse<WaitExecutionRequest>(message).Name)),
        Operations + "GetOperation" => (Looks, Named(RpcService.Parse<GetOperationRequest>(message).Name)),
        Operations + "WaitOperation" => (Looks, Named(RpcService.Parse<WaitOperationRequest>(message).Name)),
        Operations + "CancelOperation" => (Looks, Named(RpcService.Parse<CancelOperationRequest>(message).Name)),
        Operations + "DeleteOperation" => (Looks, Named(RpcService.Parse<DeleteOperationRequest>(message).Name)),
        Operations + "ListOperations" => (Looks, Parent(RpcService.Parse<ListOperationsRequest>(message).Name)),
        _ => null,
    };

    private static InstanceName Named(string operation) => OperationInstance.Of(operation) ?? throw new OperationNotFoundException(operation);

    private static InstanceName Parent(string text) =>
        OperationName.TryParseParent(text, out InstanceName instance, out string? error) ? instance : throw RequestArguments.Invalid($"name: {error}");
}
