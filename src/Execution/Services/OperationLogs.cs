using RemoteExec.Cas;
using RemoteExec.Execution.Availability;
using RemoteExec.Execution.Logs;
using RemoteExec.Execution.Operators;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Rpc;

namespace RemoteExec.Execution.Services;

/// <summary>What operations write to their standard output and error. Failures are <see cref="OperatorCallException"/>s.</summary>
public sealed class OperationLogs
{
    private readonly ILogSource source;

    /// <summary>Those of the scheduler in this process.</summary>
    /// <param name="queue">Knows the operations.</param>
    /// <param name="streams">The live logs of this server.</param>
    /// <param name="cas">Where logs are when they were written.</param>
    public OperationLogs(ActionQueue queue, LogStreams streams, IBlobStore cas) => source = new LocalLogSource(queue, streams, cas);

    /// <summary>Those of the active scheduler.</summary>
    /// <param name="router">Knows where it is.</param>
    /// <param name="streams">The live logs of this server.</param>
    /// <param name="cas">Where logs are when they were written.</param>
    public OperationLogs(SchedulerRouter router, LogStreams streams, IBlobStore cas) => source = new ActiveLogSource(router, streams, cas);

    /// <summary>Opens one log of an operation.</summary>
    /// <param name="operation">The operation's name.</param>
    /// <param name="isError">True for standard error.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="OperatorCallException">There is no such operation, or no scheduler that knows.</exception>
    public async Task<OperationLog> OpenAsync(string operation, bool isError, CancellationToken cancellationToken)
    {
        try
        {
            await source.GetOperationAsync(operation, cancellationToken);
        }
        catch (RpcException exception)
        {
            throw new OperatorCallException(OperatorClient.ReasonOf(exception.Code), exception.Status.Message, exception);
        }

        return new OperationLog(source, operation, isError);
    }
}
