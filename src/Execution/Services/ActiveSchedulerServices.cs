using Google.Protobuf.Reflection;
using RemoteExec.Execution.Availability;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Protocol.Access;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Server;

namespace RemoteExec.Execution.Services;

/// <summary>
/// The services of the active scheduler, wherever it is: calls are served here as long as it is here, and else where it is. While there is none, they wait for some seconds.
/// </summary>
/// <param name="router">Knows where it is.</param>
/// <param name="serve">Makes the services over a queue that is here.</param>
/// <param name="time">The clock.</param>
/// <param name="access">Knows what callers may do: what is carried on is asked about here, whether the server there tells callers apart or not.</param>
public sealed class ActiveSchedulerServices(SchedulerRouter router, Func<ActionQueue, IEnumerable<RpcService>> serve, TimeProvider time, AccessGuard access)
{
    private readonly ForwardedCalls forwarded = new(router, time, access);
    private volatile Term? term;

    /// <summary>One of the services, all of whose methods have one answer or are those of Execution.</summary>
    /// <param name="file">The descriptor of its file.</param>
    /// <param name="service">Its name there.</param>
    /// <param name="isForWorkers">True if it is offered on the listener of workers alone.</param>
    public RpcService Of(FileDescriptor file, string service, bool isForWorkers)
    {
        var result = new RpcService(file, service, ExecutionErrors.ToStatus);
        foreach (MethodDescriptor method in result.Descriptor.Methods)
            result.Raw(method.Name, call => ServeAsync(call, method.IsServerStreaming, isForWorkers));
        return result;
    }

    private async Task ServeAsync(RpcCall call, bool isStream, bool isForWorkers)
    {
        SchedulerRoute route = await router.FindAsync(call.CancellationToken);
        if (route is SchedulerRoute.Here here)
            await MethodOf(here.Queue, call.Method)(call);
        else if (call.GetRequestHeader(LocalClient.ForwardedHeader) is not null)
            throw new NoActiveSchedulerException("this server is not the active scheduler: try again in a few seconds");
        else if (isStream)
            await forwarded.OperationsAsync(call);
        else
            await forwarded.UnaryAsync(call, isForWorkers);
    }

    private RpcHandler MethodOf(ActionQueue queue, string method)
    {
        if (term is not { } current || !ReferenceEquals(current.Queue, queue))
            term = current = new Term(queue, serve(queue).SelectMany(service => service.Methods).ToDictionary(StringComparer.Ordinal));
        return current.Methods.TryGetValue(method, out RpcMethod? found) ? found.Handler : throw new RpcException(StatusCode.Unimplemented, $"this server does not offer {method}");
    }

    /// <summary>What was made for the time for which this server is the active one.</summary>
    private sealed record Term(ActionQueue Queue, IReadOnlyDictionary<string, RpcMethod> Methods);
}
