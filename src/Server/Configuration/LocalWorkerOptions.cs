namespace RemoteExec.Server.Configuration;

/// <summary>The worker inside the server, or the one that <c>remoteexec worker</c> starts.</summary>
internal sealed record LocalWorkerOptions : IOptions
{
    /// <summary>How many actions run at a time; 0 for a server that is a cache only. Without it, one for each core.</summary>
    public int? Slots { get; init; }

    /// <summary>How many cores there are for all its actions together, which the scheduler divides among them. Without it, one for each slot.</summary>
    public double? Cores { get; init; }

    /// <summary>How much memory there is for all its actions together. Without it, what the machine has, or the control group of the worker allows, less a sixteenth.</summary>
    public ByteSize? Memory { get; init; }

    /// <summary>The worker's name in results; the host's name without it.</summary>
    public string? Name { get; init; }

    /// <summary>
    /// What the worker offers besides the <c>OSFamily</c> and the <c>ISA</c> of its machine: properties and their values, one or several, which an
    /// action's platform is matched with. The value <c>*</c> accepts any.
    /// </summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Platform { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>
    /// Where actions run and their inputs are cached, on a local disk; emptied at the start. Without it, a directory in the data directory, or in
    /// <c>/var/lib/remoteexec</c> if the worker runs as root and other users can't enter the data directory.
    /// </summary>
    public string? Scratch { get; init; }

    /// <summary>How much of the disk the input files may take that are kept for later actions.</summary>
    public ByteSize CacheBytes { get; init; } = ByteSize.GiB(10);

    /// <summary>
    /// Whether each action runs as a user of its own, which takes root. If not, nothing protects the worker from a hostile action. Without it, where
    /// it is possible.
    /// </summary>
    public bool? SeparateUsers { get; init; }

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (Slots is < 0 or > 10_000)
            yield return new(nameof(Slots), "must be between 0 and 10000");
        if (Cores is <= 0 or > 100_000)
            yield return new(nameof(Cores), "must be more than 0, and at most 100000");
        if (Memory is { Bytes: 0 })
            yield return new(nameof(Memory), "must be more than 0");
    }
}
