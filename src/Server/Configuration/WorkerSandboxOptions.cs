using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Server.Configuration;

/// <summary>How a worker keeps actions apart from the machine and from each other; docs/sandbox.md says what each tier promises.</summary>
internal sealed record WorkerSandboxOptions : IOptions
{
    /// <summary>
    /// The tier: `directory`, `namespaces` or `cached-trees`; the worker does not start if that does not work on its machine. Without it, the highest that does:
    /// `remoteexec worker --probe` says which, and why.
    /// </summary>
    public string? Tier { get; init; }

    /// <summary>
    /// What actions see of the machine's file system, read-only, unless the tier is `directory`: absolute paths, at the end of which a `*` stands for anything. What does
    /// not exist is left out.
    /// </summary>
    public IReadOnlyList<string> HostPaths { get; init; } = new SandboxOptions().HostPaths;

    /// <summary>
    /// Whether actions that ask for it (`network=on` among their platform properties) can reach the machine's network, and what listens there. Others can't, unless the tier is `directory`.
    /// </summary>
    public bool Network { get; init; }

    /// <summary>Directories that actions write to and that later actions find again; docs/sandbox.md tells of them.</summary>
    public WorkerCachesOptions Caches { get; init; } = new();

    /// <summary>How it is checked whether actions are what they say.</summary>
    public WorkerAuditOptions Audit { get; init; } = new();

    /// <summary>Processes that run on for further actions.</summary>
    public WorkerPersistentOptions Persistent { get; init; } = new();

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (Tier is not null && !SandboxOptions.Tiers.Contains(Tier))
            yield return new(nameof(Tier), $"must be one of {string.Join(", ", SandboxOptions.Tiers)}");
        if (HostPaths.FirstOrDefault(path => !SandboxOptions.IsHostPath(path)) is { } wrong)
            yield return new(nameof(HostPaths), $"'{wrong}' must be an absolute path, in which '*' may only be the last character");
    }

    /// <summary>The worker's own options.</summary>
    public SandboxOptions ToOptions() => new() { Tier = Tier, HostPaths = HostPaths, Network = Network, Audit = Audit.ToOptions(), CacheBytes = Caches.MaxBytes.Bytes, CachePaths = Caches.Paths, Persistent = Persistent.ToOptions() };
}
