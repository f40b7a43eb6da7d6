namespace RemoteExec.Worker.Sandbox;

/// <summary>Which sandbox this machine lets a worker have, and why not a better one.</summary>
public sealed record SandboxReport
{
    /// <summary>The tier that is used.</summary>
    public required string Tier { get; init; }

    /// <summary>Who actions run as, in words.</summary>
    public required string Users { get; init; }

    /// <summary>By what other program than our own launcher the tier is made, and why; null if by none.</summary>
    public string? Fallback { get; init; }

    /// <summary>Every tier, the highest first, down to the one that is used.</summary>
    public required IReadOnlyList<TierFinding> Findings { get; init; }

    /// <summary>What can be limited for each action: memory, cpu, pids; with what is used for it.</summary>
    public IReadOnlyList<string> Limits { get; init; } = [];

    /// <summary>Why the rest can't be limited.</summary>
    public IReadOnlyList<string> LimitProblems { get; init; } = [];

    /// <summary>What actions see of the host, with where symlinks lead; empty if they see all of it.</summary>
    public required IReadOnlyList<HostPlace> HostPaths { get; init; }

    /// <summary>Tries what works here, as a worker with these settings would when it starts.</summary>
    /// <exception cref="IOException">The scratch directory can't be used.</exception>
    /// <exception cref="InvalidOperationException">What the settings ask for does not work.</exception>
    public static async Task<SandboxReport> ProbeAsync(WorkerOptions options, Microsoft.Extensions.Logging.ILogger logger, TimeProvider time)
    {
        await using ScratchDirectory scratch = await ScratchDirectory.OpenAsync(options.ScratchDirectory, logger);
        await using SandboxChoice choice = await SandboxProbe.ChooseAsync(options, scratch, time);
        return choice.Report;
    }
}
