namespace RemoteExec.Worker;

/// <summary>What became of an attempt.</summary>
/// <param name="Response">The result, or why there is none; ready for the client.</param>
/// <param name="Retryable">True if another worker may succeed where this one failed.</param>
internal sealed record ExecutionOutcome(Reapi.ExecuteResponse Response, bool Retryable);
