using RemoteExec.Server.Hosting;

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
    /// Where <c>remoteexec worker</c> serves <c>/metrics</c>, over HTTP/1.1: <c>ADDRESS:PORT</c> or <c>unix:PATH</c>, one or several; nowhere unless an address is given. Whoever reaches it may
    /// read. The worker inside the server is told of by the server.
    /// </summary>
    public IReadOnlyList<ListenAddress> Http { get; init; } = [];

    /// <summary>
    /// Where actions run and their inputs are cached, on a local disk; emptied at the start, but for what is kept from action to action. Without it, a directory in the data directory, or in
    /// <c>/var/lib/remoteexec</c> if the worker runs as root and other users can't enter the data directory.
    /// </summary>
    public string? Scratch { get; init; }

    /// <summary>How much of the disk the input files may take that are kept for later actions.</summary>
    public ByteSize CacheBytes { get; init; } = ByteSize.GiB(10);

    /// <summary>How actions are kept apart from the machine and from each other.</summary>
    public WorkerSandboxOptions Sandbox { get; init; } = new();

    /// <summary>
    /// For the sandbox `directory` alone: whether each action runs as a user of its own, which takes root. If not, nothing protects the worker from a hostile action. Without it, where
    /// it is possible.
    /// </summary>
    public bool? SeparateUsers { get; init; }

    /// <summary>
    /// How much the outputs of an action may have together; an action with more fails. An action may ask for a narrower limit by the platform property
    /// <c>max-output-bytes</c>.
    /// </summary>
    public ByteSize MaxOutputBytes { get; init; } = ByteSize.GiB(64);

    /// <summary>
    /// How many files, directories and symlinks the outputs of an action may have together; an action with more fails. An action may ask for a narrower limit by
    /// the platform property <c>max-output-files</c>.
    /// </summary>
    public int MaxOutputFiles { get; init; } = 1_000_000;

    /// <summary>
    /// How much of the disk an action may take while it runs, for outputs, temporary files and all; one that takes more is stopped. It is looked at every few seconds. An action may ask for a narrower limit by the
    /// platform property <c>max-disk-bytes</c>.
    /// </summary>
    public ByteSize MaxDiskBytes { get; init; } = ByteSize.GiB(128);

    /// <summary>
    /// How much of the disk that actions write to stays free: when less is left, the running action is stopped that holds most of it, and tried elsewhere. Without it 1 GiB, or a twentieth of the disk if that is less. 0 to stop
    /// none.
    /// </summary>
    public ByteSize? MinFreeDisk { get; init; }

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (Slots is < 0 or > 10_000)
            yield return new(nameof(Slots), "must be between 0 and 10000");
        if (Cores is <= 0 or > 100_000)
            yield return new(nameof(Cores), "must be more than 0, and at most 100000");
        if (Memory is { Bytes: 0 })
            yield return new(nameof(Memory), "must be more than 0");
        if (MaxOutputFiles < 0)
            yield return new(nameof(MaxOutputFiles), "must not be negative");
    }
}
