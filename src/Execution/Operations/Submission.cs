using RemoteExec.ActionCache;

namespace RemoteExec.Execution.Operations;

/// <summary>What a client said about the action beside its digest.</summary>
internal sealed record Submission
{
    /// <summary>True if the action cache must not answer (EXE-09).</summary>
    public bool SkipCacheLookup { get; init; }

    /// <summary>Lower runs sooner (EXE-16).</summary>
    public int Priority { get; init; }

    /// <summary>What the client would like to find inside the result (EXE-15); null for nothing.</summary>
    public InlineRequest? Inline { get; init; }

    /// <summary>For whom it runs; null if the client did not say.</summary>
    public Reapi.RequestMetadata? RequestMetadata { get; init; }

    /// <summary>Who called, as far as that was proved; null if callers are not told apart.</summary>
    public string? Caller { get; init; }

    /// <summary>How the caller has shown it; null if callers are not told apart.</summary>
    public string? CallerMethod { get; init; }

    /// <summary>The context of the client's call for traces (W3C <c>traceparent</c>); null if it is not traced. Not written down: what another scheduler goes on with is traced no longer.</summary>
    public string? TraceContext { get; init; }
}
