using RemoteExec.Protocol;

namespace RemoteExec.Builds.Explain;

/// <summary>An action that a client has asked for, and what came of it.</summary>
/// <param name="Action">The action.</param>
/// <param name="Kind">What came of it.</param>
/// <param name="At">When.</param>
public sealed record Sighting(Digest Action, SightingKind Kind, DateTimeOffset At)
{
    /// <summary>The build it belongs to, as the client calls it; empty if it said nothing.</summary>
    public string Invocation { get; init; } = "";

    /// <summary>The target; empty if the client said nothing.</summary>
    public string Target { get; init; } = "";

    /// <summary>What kind of action it is in the build tool's words; empty if the client said nothing.</summary>
    public string Mnemonic { get; init; } = "";

    /// <summary>How long its command ran, if it was executed.</summary>
    public TimeSpan Duration { get; init; }
}
