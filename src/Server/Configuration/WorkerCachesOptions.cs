using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Server.Configuration;

/// <summary>Directories that actions write to and that later actions find again.</summary>
internal sealed record WorkerCachesOptions : IOptions
{
    /// <summary>
    /// Absolute paths at which every action has such a directory without asking for it, as Pants needs it for its <c>remote_execution_append_only_caches_base_path</c>. Not in the tier
    /// `directory`.
    /// </summary>
    public IReadOnlyList<string> Paths { get; init; } = [];

    /// <summary>How much of the disk they may take together; those that were not used for longest are deleted.</summary>
    public ByteSize MaxBytes { get; init; } = ByteSize.GiB(20);

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (SandboxOptions.FindProblem(Paths) is { } problem)
            yield return new(nameof(Paths), problem);
    }
}
