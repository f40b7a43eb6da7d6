using RemoteExec.Protocol;

namespace RemoteExec.Execution.Operations;

/// <summary>How an operation ended.</summary>
internal abstract record Outcome
{
    private Outcome()
    {
    }

    /// <summary>With the response of a worker (which may tell of a failure), or with one from the cache.</summary>
    internal sealed record Answered(Reapi.ExecuteResponse Response) : Outcome;

    /// <summary>Without a worker having ended it.</summary>
    internal sealed record Failed(FailureKind Kind, string Message) : Outcome
    {
        /// <summary>The missing blobs, all that are known, if that is the kind.</summary>
        public IReadOnlyCollection<Digest> Missing { get; init; } = [];
    }
}
