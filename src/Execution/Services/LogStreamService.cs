using Build.Bazel.Remote.LogStream.v1;
using RemoteExec.Cas.Services;
using RemoteExec.Execution.Logs;
using RemoteExec.Rpc.Server;
using LogStreamMessage = Build.Bazel.Remote.LogStream.v1.LogStream;

namespace RemoteExec.Execution.Services;

/// <summary>Makes log streams (LOG-01): for workers, not for clients.</summary>
public sealed class LogStreamService(LogStreams streams)
{
    /// <summary>The methods.</summary>
    public RpcService ToRpcService() => new RpcService(RemoteLogstreamReflection.Descriptor, "LogStreamService", ExecutionErrors.ToStatus)
        .Unary<CreateLogStreamRequest, LogStreamMessage>("CreateLogStream", (request, _) => Task.FromResult(Create(request)));

    private LogStreamMessage Create(CreateLogStreamRequest request)
    {
        LogStreamName name = streams.Create(RequestArguments.Instance(request.Parent));
        return new LogStreamMessage { Name = name.ForReaders.ToString(), WriteResourceName = name.ToString() };
    }
}
