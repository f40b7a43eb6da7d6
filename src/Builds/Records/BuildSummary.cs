using RemoteExec.Builds.Events;

namespace RemoteExec.Builds.Records;

/// <summary>A build, as far as its calls tell.</summary>
public sealed record BuildSummary
{
    /// <summary>Its id: the same on every server.</summary>
    public required string Id { get; init; }

    /// <summary>What it calls itself: its <c>tool_invocation_id</c>. Empty for the calls of a tool within an hour that name no build.</summary>
    public required string Invocation { get; init; }

    /// <summary>The instance that it uses.</summary>
    public required string Instance { get; init; }

    /// <summary>The tool that makes its calls: <c>bazel</c>, <c>ccache</c>; <c>unknown</c> if it does not say.</summary>
    public required string Tool { get; init; }

    /// <summary>The tool's version; empty if it does not say.</summary>
    public required string ToolVersion { get; init; }

    /// <summary>What it says it belongs to, its <c>correlated_invocations_id</c>: a commit, a run of CI. Empty if it does not say.</summary>
    public required string Correlated { get; init; }

    /// <summary>When its first call came.</summary>
    public required DateTimeOffset Began { get; init; }

    /// <summary>When its last call came. What a client does before the first call and after the last one nobody knows here.</summary>
    public required DateTimeOffset LastSeen { get; init; }

    /// <summary>From the first call to the last one.</summary>
    public double DurationSeconds => (LastSeen - Began).TotalSeconds;

    /// <summary>True once its client has said that it ended, or it has been silent for as long as a build may be (<c>builds.quietTime</c>).</summary>
    public required bool IsOver { get; init; }

    /// <summary>How many calls it has made, other than those that tell of progress.</summary>
    public required long Calls { get; init; }

    /// <summary>How many blobs it has asked about, whether they are missing.</summary>
    public required long BlobsAsked { get; init; }

    /// <summary>What its actions came to.</summary>
    public required ActionSums Sums { get; init; }

    /// <summary>What its client says of it in events of its own; null if it sends none.</summary>
    public BuildReport? Report { get; init; }
}
