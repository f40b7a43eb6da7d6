using RemoteExec.Protocol.Workers;

namespace RemoteExec.Worker;

/// <summary>What became of an attempt.</summary>
/// <param name="Response">The result, or why there is none; ready for the client.</param>
/// <param name="Retryable">True if another worker may succeed where this one failed.</param>
internal sealed record ExecutionOutcome(Reapi.ExecuteResponse Response, bool Retryable)
{
    /// <summary>What the command used; null if it did not run to its end.</summary>
    public Usage? Usage { get; init; }

    /// <summary>True if the command was killed because memory was short.</summary>
    public bool OutOfMemory { get; init; }

    /// <summary>True if the result is to be kept out of the cache: a second run made another.</summary>
    public bool DoNotStore { get; init; }
}
