using Google.Protobuf.WellKnownTypes;
using RemoteExec.Execution.Operations;
using RemoteExec.Protocol;
using Operation = Google.LongRunning.Operation;

namespace RemoteExec.Execution.Services;

/// <summary>Operations as they are on the wire.</summary>
internal static class OperationMessages
{
    /// <summary>The message of a state: metadata always, a response once it is done, never an error (EXE-01).</summary>
    public static Operation ToProto(OperationState state)
    {
        var operation = new Operation
        {
            Name = state.Name.ToString(),
            Done = state.IsDone,
            Metadata = Any.Pack(new Reapi.ExecuteOperationMetadata
            {
                Stage = state.Stage,
                ActionDigest = state.ActionDigest.ToProto(),
                DigestFunction = (Reapi.DigestFunction.Types.Value)state.ActionDigest.Function,
                PartialExecutionMetadata = state.Progress,
            }),
        };
        if (state.Outcome is { } outcome)
            operation.Response = Any.Pack(ExecutionErrors.ToResponse(outcome));
        return operation;
    }
}
