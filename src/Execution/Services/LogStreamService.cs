using Build.Bazel.Remote.LogStream.v1;
using RemoteExec.Cas.Services;
using RemoteExec.Execution.Logs;
using RemoteExec.Protocol.Access;
using RemoteExec.Rpc.Server;
using InstanceName = RemoteExec.Protocol.InstanceName;
using LogStreamMessage = Build.Bazel.Remote.LogStream.v1.LogStream;

namespace RemoteExec.Execution.Services;

/// <summary>Makes log streams (LOG-01): for workers, not for clients.</summary>
/// <param name="streams">The streams.</param>
/// <param name="access">Knows who may write in an instance.</param>
public sealed class LogStreamService(LogStreams streams, AccessGuard access)
{
    /// <summary>The methods.</summary>
    public RpcService ToRpcService() => new RpcService(RemoteLogstreamReflection.Descriptor, "LogStreamService", ExecutionErrors.ToStatus)
        .Unary<CreateLogStreamRequest, LogStreamMessage>("CreateLogStream", (request, _) => Task.FromResult(Create(request)));

    private LogStreamMessage Create(CreateLogStreamRequest request)
    {
        InstanceName instance = RequestArguments.Instance(request.Parent);
        access.Check(Right.WriteCas, instance);
        LogStreamName name = streams.Create(instance);
        return new LogStreamMessage { Name = name.ForReaders.ToString(), WriteResourceName = name.ToString() };
    }
}
