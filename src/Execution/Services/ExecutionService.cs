using Build.Bazel.Remote.Execution.V2;
using Google.Protobuf;
using RemoteExec.ActionCache;
using RemoteExec.Cas;
using RemoteExec.Cas.Builds;
using RemoteExec.Cas.Services;
using RemoteExec.Execution.Operations;
using RemoteExec.Execution.Operators;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Access;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Server;
using Digest = RemoteExec.Protocol.Digest;
using InstanceName = RemoteExec.Protocol.InstanceName;
using Operation = Google.LongRunning.Operation;

namespace RemoteExec.Execution.Services;

/// <summary>The Execution service: runs actions, and tells how far they have come.</summary>
/// <param name="queue">Where they wait for workers.</param>
/// <param name="cas">Where content comes from that clients would like to have inlined.</param>
/// <param name="features">What clients may do, and how long a message may be.</param>
/// <param name="observer">Is told how operations end; null for nobody.</param>
public sealed class ExecutionService(ActionQueue queue, IBlobStore cas, ServerFeatures features, ICallObserver? observer = null)
{
    private readonly ICallObserver observer = observer ?? ICallObserver.None;
    private readonly MetadataTable metadata = new();
    private readonly OperationMessages messages = new(cas, features.Limits.MaxResponseBytes);

    /// <summary>The methods.</summary>
    public RpcService ToRpcService() => new RpcService(RemoteExecutionReflection.Descriptor, "Execution", ExecutionErrors.ToStatus)
        .ServerStream<ExecuteRequest, Operation>("Execute", ExecuteAsync)
        .ServerStream<WaitExecutionRequest, Operation>("WaitExecution", WaitExecutionAsync);

    // Only what is wrong with the request itself ends the call; the rest is told by a done operation, which every client understands (EXE-03, Q-11).
    private async Task ExecuteAsync(ExecuteRequest request, RpcResponseStream<Operation> responses, RpcCall call)
    {
        InstanceName instance = RequestArguments.Instance(request.InstanceName);
        features.Access.Check(Right.Execute, instance);
        if (features.PolicyOf(instance).IsReadOnly)
            throw new RpcException(StatusCode.PermissionDenied, $"instance '{instance}' is read-only: nothing is executed in it");
        Digest actionDigest = RequestArguments.Digest(
            instance, request.DigestFunction, request.ActionDigest, "action_digest");
        var submission = new Submission
        {
            SkipCacheLookup = request.SkipCacheLookup,
            Priority = request.ExecutionPolicy?.Priority ?? 0,
            Inline = request.InlineStdout || request.InlineStderr || request.InlineOutputFiles.Count > 0
                ? new InlineRequest(request.InlineStdout, request.InlineStderr, request.InlineOutputFiles)
                : null,
            RequestMetadata = metadata.Share(RequestMetadataHeader.Parse(call.GetBinaryRequestHeader(RequestMetadataHeader.Name)), actionDigest),
            Caller = Caller.Current?.Name,
            CallerMethod = Caller.Current?.Method,
            TraceContext = ExecutionTracing.CurrentContext,
        };
        await SendAsync(queue.ExecuteAsync(actionDigest, submission, ForwardedCalls.OperationIdOf(call) ?? Guid.NewGuid(), call.CancellationToken), responses, call);
    }

    private async Task WaitExecutionAsync(WaitExecutionRequest request, RpcResponseStream<Operation> responses, RpcCall call)
    {
        if (!OperationName.TryParse(request.Name, out OperationName name))
            throw new OperationNotFoundException(request.Name);
        features.Access.Check(Right.Execute, name.Instance);
        await SendAsync(queue.WatchAsync(name, call.CancellationToken), responses, call);
    }

    private async Task SendAsync(IAsyncEnumerable<OperationState> states, RpcResponseStream<Operation> responses, RpcCall call)
    {
        await foreach (OperationState state in states)
        {
            await responses.WriteAsync(await messages.ToProtoAsync(state, call.CancellationToken));
            if (state.Outcome is { } outcome && observer.IsEnabled)
                Tell(state, outcome, call);
        }
    }

    // Also of calls that another server carries on: it does not look into them.
    private void Tell(OperationState state, Outcome outcome, RpcCall call)
    {
        Reapi.ActionResult? result = (outcome as Outcome.Answered)?.Response.Result;
        observer.Observe(new CallEvent
        {
            Kind = CallKind.Executed,
            Digest = state.ActionDigest,
            Metadata = call.Get<CallMetadata>(),
            Execution = result?.ExecutionMetadata?.ToByteArray(),
            Outcome = OutcomeName.Of(outcome),
            ExitCode = result?.ExitCode ?? 0,
            IsMerged = state.Request.IsMerged,
        });
    }
}
