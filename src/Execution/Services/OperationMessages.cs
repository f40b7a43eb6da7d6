using Google.Protobuf.WellKnownTypes;
using RemoteExec.ActionCache;
using RemoteExec.Cas;
using RemoteExec.Execution.Operations;
using Operation = Google.LongRunning.Operation;

namespace RemoteExec.Execution.Services;

/// <summary>Operations as they are on the wire.</summary>
/// <param name="cas">Where inlined content comes from.</param>
/// <param name="maxBytes">What an operation may take with inlined content .</param>
internal sealed class OperationMessages(IBlobStore cas, int maxBytes)
{
    private readonly InlinedContent inlined = new(cas);

    /// <summary>The message of a state: metadata always, a response once it is done, never an error (EXE-01).</summary>
    public static Operation ToProto(OperationState state) =>
        ToProto(state, state.Outcome is { } outcome ? ExecutionErrors.ToResponse(outcome) : null);

    /// <summary>The message of a state, with what the client would like to have inlined (EXE-15).</summary>
    public async Task<Operation> ToProtoAsync(OperationState state, CancellationToken cancellationToken)
    {
        if (state is not { Submission.Inline: { } wanted, Outcome: Outcome.Answered { Response: { Result: not null } shared } })
            return ToProto(state);

        // The response is shared with the others who wait for it.
        Reapi.ExecuteResponse response = shared.Clone();
        int taken = response.CalculateSize() - response.Result.CalculateSize();
        try
        {
            await inlined.AddAsync(response.Result, state.ActionDigest, wanted, maxBytes - taken, cancellationToken);
        }
        catch (CasException)
        {
            // It is only a hint: whoever needs the content reads it from the CAS, and meets the error there.
            return ToProto(state);
        }

        return ToProto(state, response);
    }

    private static Operation ToProto(OperationState state, Reapi.ExecuteResponse? response)
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
                PartialExecutionMetadata = state.Progress?.Metadata ?? QueueTime(state.QueuedAt),
                StdoutStreamName = state.Progress?.Logs?.Stdout ?? "",
                StderrStreamName = state.Progress?.Logs?.Stderr ?? "",
            }),
        };
        if (response is not null)
            operation.Response = Any.Pack(response);
        return operation;
    }

    private static Reapi.ExecutedActionMetadata? QueueTime(DateTimeOffset? queuedAt) =>
        queuedAt is { } time ? new Reapi.ExecutedActionMetadata { QueuedTimestamp = Timestamp.FromDateTimeOffset(time) } : null;
}
