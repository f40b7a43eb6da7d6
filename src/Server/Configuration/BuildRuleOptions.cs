using RemoteExec.Execution.Scheduling;

namespace RemoteExec.Server.Configuration;

/// <summary>Says what builds are that fit to all that is named here.</summary>
internal sealed record BuildRuleOptions : IOptions
{
    /// <summary>What they are: `interactive`, somebody waits for them; `batch`, as in continuous integration.</summary>
    public BuildClass Class { get; init; }

    /// <summary>The instance, or one above it.</summary>
    public string? Instance { get; init; }

    /// <summary>The client's name in its request metadata, as <c>bazel</c>.</summary>
    public string? Tool { get; init; }

    /// <summary>The least priority number, <c>--remote_execution_priority</c>: greater numbers are less urgent.</summary>
    public int? MinPriority { get; init; }

    /// <summary>The greatest priority number.</summary>
    public int? MaxPriority { get; init; }

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (MinPriority > MaxPriority)
            yield return new(nameof(MinPriority), "must not be greater than maxPriority");
    }
}
