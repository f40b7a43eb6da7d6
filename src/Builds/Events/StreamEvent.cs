namespace RemoteExec.Builds.Events;

/// <summary>An event as it came, with what is kept of it.</summary>
/// <param name="Stream">The stream that it belongs to.</param>
/// <param name="Sequence">Its number there, 1 or more.</param>
/// <param name="Kind">What it is to its stream.</param>
internal sealed record StreamEvent(EventStreamId Stream, long Sequence, StreamEventKind Kind)
{
    /// <summary>What it tells of the build; null for nothing that is kept.</summary>
    public BuildFact? Fact { get; init; }

    /// <summary>True if it was to tell something, and is no event that anybody understands (BES-07).</summary>
    public bool IsMalformed { get; init; }

    /// <summary>True if it is to be refused unless the build was announced before (BES-04).</summary>
    public bool NeedsParent { get; init; }

    /// <summary>Words that the client has for the build; they count with the first event alone (BES-04).</summary>
    public string Keywords { get; init; } = "";

    /// <summary>The <c>project_id</c>.</summary>
    public string Project { get; init; } = "";

    /// <summary>How long the stream may be silent before it is given up (BES-06); null if the client does not say.</summary>
    public TimeSpan? Timeout { get; init; }
}
