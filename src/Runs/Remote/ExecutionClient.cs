using Google.LongRunning;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using Digest = RemoteExec.Protocol.Digest;

namespace RemoteExec.Runs.Remote;

/// <summary>
/// Has actions executed, by the Execution service of any server. A call that breaks off, or a server that restarts, is no end: the operation is taken up again where it stands.
/// Thread-safe.
/// </summary>
/// <param name="channel">The way to the server; stays the caller's.</param>
/// <param name="instance">The instance.</param>
/// <param name="time">The clock.</param>
public sealed class ExecutionClient(RpcChannel channel, InstanceName instance, TimeProvider time)
{
    private const string Execute = "/build.bazel.remote.execution.v2.Execution/Execute";
    private const string WaitExecution = "/build.bazel.remote.execution.v2.Execution/WaitExecution";
    private const string CancelOperation = "/google.longrunning.Operations/CancelOperation";
    private const int MaxLosses = 3;
    private static readonly TimeSpan first = TimeSpan.FromSeconds(5), later = TimeSpan.FromMinutes(2), farewell = TimeSpan.FromSeconds(5);

    /// <summary>Has an action executed, and waits for its end. Who does not wait to the end has it cancelled.</summary>
    /// <param name="action">The action, which is in the CAS with all that it names.</param>
    /// <param name="skipsCache">Whether it runs even if its result is known.</param>
    /// <param name="outputs">Gets what the command writes, as far as the server tells of it before the end; null for nobody.</param>
    /// <param name="target">What it is called where the server lists it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="RunException">The server executes nothing, refuses this, or loses it again and again.</exception>
    /// <exception cref="StoreUnavailableException">The server can't be reached.</exception>
    public async Task<FinishedRun> RunAsync(Digest action, bool skipsCache, LiveOutputs? outputs, string target, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, outputs?.Failed ?? CancellationToken.None);
        try
        {
            return await FollowAsync(action, skipsCache, outputs, target, either.Token);
        }
        catch (OperationCanceledException exception) when (outputs?.Failed.IsCancellationRequested == true && !cancellationToken.IsCancellationRequested)
        {
            throw new RunException("what the command writes can't be passed on, as nobody reads it: the server was asked to cancel it", exception);
        }
    }

    private async Task<FinishedRun> FollowAsync(Digest action, bool skipsCache, LiveOutputs? outputs, string target, CancellationToken cancellationToken)
    {
        var request = new Reapi.ExecuteRequest
        {
            InstanceName = instance.Value,
            ActionDigest = action.ToProto(),
            DigestFunction = (Reapi.DigestFunction.Types.Value)action.Function,
            SkipCacheLookup = skipsCache,
        };
        string? name = null;
        bool isDone = false;
        try
        {
            RpcAttempts attempts = new(first, time);
            for (int losses = 0; ;)
            {
                try
                {
                    IAsyncEnumerable<Operation> states = name is null
                        ? channel.ServerStreamAsync<Reapi.ExecuteRequest, Operation>(Execute, request, cancellationToken, HeadersOf(target))
                        : channel.ServerStreamAsync<Reapi.WaitExecutionRequest, Operation>(WaitExecution, new Reapi.WaitExecutionRequest { Name = name }, cancellationToken);
                    await foreach (Operation state in states)
                    {
                        if (name is null)
                            attempts = new(later, time);
                        attempts.Reset();
                        name = state.Name;
                        isDone = state.Done;
                        if (isDone)
                            return Finish(action, state);
                        if (outputs is not null && MetadataOf(state) is { } metadata)
                            await outputs.ObserveAsync(metadata);
                    }

                    throw new RpcException(StatusCode.Unavailable, "the server ended the call before the operation was done");
                }
                catch (RpcException exception) when (exception.Code == StatusCode.NotFound && name is not null && losses++ < MaxLosses)
                {
                    name = null; // the server knows nothing of it any more
                    continue;
                }
                catch (RpcException exception) when (!attempts.MayGoOn(name is null ? exception : AsBreak(exception)))
                {
                    throw Failure(exception);
                }
                catch (RpcException)
                {
                }

                await attempts.WaitAsync(cancellationToken);
            }
        }
        finally
        {
            if (!isDone && name is not null)
                await CancelAsync(name);
        }
    }

    // What comes to its end in the middle of an operation says nothing of the operation, however a proxy, or a server that stops, calls it.
    private static RpcException AsBreak(RpcException exception) =>
        exception.Code is StatusCode.Internal or StatusCode.Unknown or StatusCode.Cancelled or StatusCode.DeadlineExceeded or StatusCode.Aborted
            ? new RpcException(StatusCode.Unavailable, exception.Status.Message)
            : exception;

    private static FinishedRun Finish(Digest action, Operation state)
    {
        Reapi.ExecuteResponse response = state.ResultCase == Operation.ResultOneofCase.Response
            ? state.Response.Unpack<Reapi.ExecuteResponse>()
            : new Reapi.ExecuteResponse { Status = state.Error ?? new Google.Rpc.Status { Code = (int)StatusCode.Internal, Message = "it told no result" } };
        RunOutcome outcome = (StatusCode)(response.Status?.Code ?? 0) switch
        {
            StatusCode.Ok => RunOutcome.Ran,
            StatusCode.DeadlineExceeded => RunOutcome.TimedOut,
            StatusCode.Cancelled => RunOutcome.Cancelled,
            _ => RunOutcome.Failed,
        };
        if (outcome == RunOutcome.Ran && response.Result is null)
            throw new RunException($"the server told that '{state.Name}' is done, but not what came of it");
        return new FinishedRun(action, state.Name, outcome, response);
    }

    private static Reapi.ExecuteOperationMetadata? MetadataOf(Operation state) =>
        state.Metadata is { } metadata && metadata.TryUnpack(out Reapi.ExecuteOperationMetadata known) ? known : null;

    private static RpcCallOptions HeadersOf(string target)
    {
        var metadata = new Reapi.RequestMetadata { ToolDetails = new Reapi.ToolDetails { ToolName = "remoteexec" }, ActionMnemonic = "Run", TargetId = target };
        var headers = new RpcMetadata();
        headers.AddBinary(RequestMetadataHeader.Name, metadata.ToByteArray());
        return new RpcCallOptions { Headers = headers };
    }

    // Nobody waits for it any more; a server that can't be told stops it by itself, or does it for nothing.
    private async Task CancelAsync(string name)
    {
        try
        {
            await channel.UnaryAsync<CancelOperationRequest, Empty>(CancelOperation, new CancelOperationRequest { Name = name }, CancellationToken.None, new RpcCallOptions { Timeout = farewell });
        }
        catch (Exception exception) when (exception is RpcException or OperationCanceledException)
        {
        }
    }

    private Exception Failure(RpcException exception) => exception.Code switch
    {
        StatusCode.Unavailable => new StoreUnavailableException(channel.Address.ToString(), exception),
        StatusCode.Unimplemented => new RunException($"the server at {channel.Address} executes nothing: name one that does with --server", exception),
        StatusCode.PermissionDenied or StatusCode.Unauthenticated => new RunException($"the server at {channel.Address} does not let you execute: {exception.Status.Message}", exception),
        StatusCode.NotFound => new RunException($"the server at {channel.Address} lost the operation again and again: {exception.Status.Message}", exception),
        _ => new RunException($"the server at {channel.Address} refuses the action: {exception.Status.Message}", exception),
    };
}
