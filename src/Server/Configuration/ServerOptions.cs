using RemoteExec.Protocol;
using RemoteExec.Server.Hosting;

namespace RemoteExec.Server.Configuration;

/// <summary>Everything that can be configured. All of it has a default.</summary>
internal sealed record ServerOptions : IOptions
{
    /// <summary>The directory of all that the server keeps. Without it, <c>$XDG_DATA_HOME/remoteexec</c>, that is <c>~/.local/share/remoteexec</c>.</summary>
    public string? Data { get; init; }

    /// <summary>How much of the disk the default stores may use together, as a size or as a share of the disk.</summary>
    public StoreSize MaxSize { get; init; } = StoreSize.OfDisk(10);

    /// <summary>
    /// How much of their disk all stores on disk leave free, as a size or as a share of the disk: when others fill it, they shrink, at worst to two segments, and grow again later. 0 if they
    /// are to go on until the disk is full.
    /// </summary>
    public StoreSize MinFreeDisk { get; init; } = StoreSize.OfDisk(2);

    /// <summary>
    /// How much memory the process may take, as a size or as a share of the machine's, or of the control group's: at least 256MiB. Without it, as much as there is. What actions take is not part of it, nor are
    /// stores in memory. docs/limits.md says what happens when it is short.
    /// </summary>
    public MemorySize? MemoryLimit { get; init; }

    /// <summary>What clients may take.</summary>
    public LimitsOptions Limits { get; init; } = new();

    /// <summary>Where the server listens.</summary>
    public ListenersOptions Listeners { get; init; } = new();

    /// <summary>
    /// Whether listeners of clients that other machines can reach may be without TLS, or without callers who show who they are (<c>auth</c>): only where the network lets nobody through who must not read,
    /// write and execute, or something before the server sees to it.
    /// </summary>
    public bool Insecure { get; init; }

    /// <summary>Stores by name, for other settings to refer to.</summary>
    public IReadOnlyDictionary<string, StoreReference> Stores { get; init; } = new Dictionary<string, StoreReference>();

    /// <summary>What is kept for builds under way.</summary>
    public BuildsOptions Builds { get; init; } = new();

    /// <summary>The content addressable storage.</summary>
    public CasOptions Cas { get; init; } = new();

    /// <summary>The action cache.</summary>
    public ActionCacheOptions ActionCache { get; init; } = new();

    /// <summary>Names for what is in the CAS.</summary>
    public ReferencesOptions References { get; init; } = new();

    /// <summary>The Remote Asset API.</summary>
    public AssetsOptions Assets { get; init; } = new();

    /// <summary>Indexes of Python packages.</summary>
    public PypiOptions Pypi { get; init; } = new();

    /// <summary>
    /// Instances by name: tenants, whose blobs and results never meet. What is said of one holds for those below it as well: <c>team</c> for <c>team/ci</c>.
    /// </summary>
    public IReadOnlyDictionary<string, InstanceOptions> Instances { get; init; } = new Dictionary<string, InstanceOptions>();

    /// <summary>Whether instances that are not listed, nor below one that is, are served too. The nameless one, which clients use that name none, is listed as <c>""</c>.</summary>
    public bool OtherInstances { get; init; } = true;

    /// <summary>The execution of actions.</summary>
    public ExecutionOptions Execution { get; init; } = new();

    /// <summary>Who may do what.</summary>
    public AuthOptions Auth { get; init; } = new();

    /// <summary>Who may steer.</summary>
    public OperatorsOptions Operators { get; init; } = new();

    /// <summary>The worker inside the server.</summary>
    public LocalWorkerOptions Worker { get; init; } = new();

    /// <summary>What the server tells of itself.</summary>
    public TelemetryOptions Telemetry { get; init; } = new();

    /// <summary>The log.</summary>
    public LogOptions Log { get; init; } = new();

    /// <summary>True if workers reach blobs by what they are given with their actions, and not by their own credentials.</summary>
    internal bool GivesLeaseTokens => Listeners is { Workers.Count: > 0, WorkerAuth: { Insecure: false } enrolment } && (Auth.IsOn || (Auth.Leases.KeyFile is not null && (enrolment.TokenFile ?? enrolment.ClientCa) is not null));

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (MaxSize.IsZero)
            yield return new(nameof(MaxSize), "must be positive");
        if (MemoryLimit is { FixedSize.Bytes: < MemoryCeiling.Least })
            yield return new(nameof(MemoryLimit), "must be at least 256MiB: the server at rest takes a good part of that");
        foreach (string name in Instances.Keys)
        {
            if (!InstanceName.TryParse(name, out _, out string? error))
                yield return new(nameof(Instances), error);
        }

        if (Execution.Scheduler is { Ha: SchedulerAvailability.Redis, Candidate: true, Advertise.Grpc: null } && Listeners.Grpc is [{ CanBeCalled: false } vague, ..])
            yield return new(nameof(Execution), $"scheduler.advertise.grpc is missing: other servers can't call {vague}, say how they reach this one");
        if (!Auth.IsOn && Execution.Scheduler.Peers.ClientTokenFile is not null)
            yield return new(nameof(Execution), "scheduler.peers.clientTokenFile lets this server speak for its callers, whom it does not know: set auth.tokens.file, or leave it out");
        if (GivesLeaseTokens && Auth.Leases.KeyFile is null && Execution.Scheduler.Ha == SchedulerAvailability.Redis)
            yield return new(nameof(Auth), "leases.keyFile is missing: whichever server is the scheduler signs what workers show to the others, so all of them need the same keys; write one by openssl rand -base64 32");
        if (Auth.Certificates.Ca is not null && Listeners.Tls.Certificate is null)
            yield return new($"{nameof(Auth)}.{nameof(Auth.Certificates)}", "needs TLS, as certificates are shown by nothing else: set listeners.tls.certificate and listeners.tls.key");
        foreach (OptionProblem problem in OpenListeners.Check(this))
            yield return problem;
    }
}
