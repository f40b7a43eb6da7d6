using RemoteExec.ActionCache;
using RemoteExec.Execution.Operations;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Journals;

namespace RemoteExec.Execution.Journal;

/// <summary>Operations and outcomes as the journal has them.</summary>
internal static class JournalMessages
{
    /// <summary>How a client started an operation.</summary>
    public static Accepted ToAccepted(Operation operation)
    {
        Submission submission = operation.Submission;
        var accepted = new Accepted
        {
            Operation = operation.Name.ToString(),
            DigestFunction = (Reapi.DigestFunction.Types.Value)operation.ActionDigest.Function,
            ActionDigest = operation.ActionDigest.ToProto(),
            SkipCacheLookup = submission.SkipCacheLookup,
            Priority = submission.Priority,
            RequestMetadata = submission.RequestMetadata,
            Caller = submission.Caller ?? "",
            CallerMethod = submission.CallerMethod ?? "",
        };
        if (submission.Inline is { } inline)
        {
            (accepted.InlineStdout, accepted.InlineStderr) = (inline.Stdout, inline.Stderr);
            accepted.InlineOutputFiles.Add(inline.OutputFiles);
        }

        return accepted;
    }

    /// <summary>The operation that was started so.</summary>
    /// <exception cref="InvalidDataException">The entry makes no sense.</exception>
    public static Operation ToOperation(Accepted accepted)
    {
        OperationName name = ToName(accepted.Operation);
        var submission = new Submission
        {
            SkipCacheLookup = accepted.SkipCacheLookup,
            Priority = accepted.Priority,
            Inline = accepted.InlineStdout || accepted.InlineStderr || accepted.InlineOutputFiles.Count > 0
                ? new InlineRequest(accepted.InlineStdout, accepted.InlineStderr, accepted.InlineOutputFiles)
                : null,
            RequestMetadata = accepted.RequestMetadata,
            Caller = accepted.Caller.Length > 0 ? accepted.Caller : null,
            CallerMethod = accepted.CallerMethod.Length > 0 ? accepted.CallerMethod : null,
        };
        return new Operation(name, ToDigest(name.Instance, accepted.DigestFunction, accepted.ActionDigest), submission);
    }

    /// <summary>How an operation ended.</summary>
    public static Ended ToEnded(Outcome outcome)
    {
        if (outcome is Outcome.Answered answered)
            return new Ended { Response = answered.Response };
        var failed = (Outcome.Failed)outcome;
        var failure = new Failure { Kind = failed.Kind.ToString(), Message = failed.Message };
        failure.Missing.Add(failed.Missing.Select(digest => digest.ToProto()));
        return new Ended { Failure = failure };
    }

    /// <summary>How an operation ended.</summary>
    /// <param name="ended">The entry.</param>
    /// <param name="action">The action's digest: missing blobs are of the same instance and function (DIG-10).</param>
    /// <exception cref="InvalidDataException">The entry makes no sense.</exception>
    public static Outcome ToOutcome(Ended ended, Digest action)
    {
        if (ended.Failure is not { } failure)
            return new Outcome.Answered(ended.Response ?? throw new InvalidDataException("an operation ended, but the journal does not say how"));
        FailureKind kind = Enum.TryParse(failure.Kind, out FailureKind known) ? known : FailureKind.Internal;
        return new Outcome.Failed(kind, failure.Message)
        {
            Missing = [.. failure.Missing.Select(digest => ToDigest(action.Instance, (Reapi.DigestFunction.Types.Value)action.Function, digest))],
        };
    }

    private static OperationName ToName(string text) =>
        OperationName.TryParse(text, out OperationName name) ? name : throw new InvalidDataException($"'{text}' is no name of an operation");

    private static Digest ToDigest(InstanceName instance, Reapi.DigestFunction.Types.Value function, Reapi.Digest? message) =>
        Digest.TryParse(instance, (DigestFunction)function, message, out Digest digest, out string? error) ? digest : throw new InvalidDataException(error);
}
