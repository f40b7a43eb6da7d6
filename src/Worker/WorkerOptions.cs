using System.Runtime.InteropServices;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Workers;
using RemoteExec.Worker.Machine;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Worker;

/// <summary>Settings of a worker.</summary>
public sealed record WorkerOptions
{
    private const int MillisPerCore = 1000;

    /// <summary>The worker's name, as it stands in the metadata of the results it made.</summary>
    public string Name { get; init; } = Environment.MachineName;

    /// <summary>How many actions run at once.</summary>
    public int Slots { get; init; } = Environment.ProcessorCount;

    /// <summary>How many cores there are for all actions together; null for one for each slot, as many as the operator has said that actions may run at once.</summary>
    public double? Cores { get; init; }

    /// <summary>How much memory there is for all actions together, in bytes; null for what the machine has, or the control groups that the worker is in allow, less a little.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>
    /// The platform properties the worker offers (PLT-04); a name may occur with several values, the value <c>*</c> accepts any.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, string>> Platform { get; init; } = DefaultPlatform;

    /// <summary>
    /// Where actions run and inputs are cached: on a local file system, used by one worker at a time, and to be entered by all users
    /// (each directory above it with o+x). What earlier workers left there is deleted, but for what is kept from action to action.
    /// </summary>
    public string ScratchDirectory { get; init; } = "/var/tmp/remoteexec-worker";

    /// <summary>The bound on the input files that are kept for later actions, in bytes.</summary>
    public long FileCacheBytes { get; init; } = 10L * 1024 * 1024 * 1024;

    /// <summary>
    /// The bound on the files, directories and symlinks that are kept for later actions: links cost no bytes, but the file system's time.
    /// </summary>
    public int CacheNodes { get; init; } = 2_000_000;

    /// <summary>
    /// Only where there are no namespaces: true to run each action as a user of its own, false to run all as the worker's user, which protects neither the worker nor
    /// other actions from a hostile one. Null: as users of their own if the worker may do that.
    /// </summary>
    public bool? SeparateUsers { get; init; }

    /// <summary>How actions are kept apart from the machine and from each other.</summary>
    public SandboxOptions Sandbox { get; init; } = new();

    /// <summary>How many processes and threads an action with a user of its own may have at once; 0 for no limit.</summary>
    public int MaxProcesses { get; init; } = 8192;

    /// <summary>The number of files, directories and symlinks in an input root beyond which an action is refused.</summary>
    public int MaxInputNodes { get; init; } = 2_000_000;

    /// <summary>How much of an action's standard output, and of its standard error, is kept, in bytes; the rest is cut off.</summary>
    public int MaxLogBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>How many bytes the outputs of an action may have together, standard output and error not counted.</summary>
    public long MaxOutputBytes { get; init; } = 64L * 1024 * 1024 * 1024;

    /// <summary>How many files, directories and symlinks the outputs of an action may have together.</summary>
    public long MaxOutputFiles { get; init; } = 1_000_000;

    /// <summary>How much of the disk an action may take while it runs, in bytes: what it writes, temporary files and logs included.</summary>
    public long MaxDiskBytes { get; init; } = 128L * 1024 * 1024 * 1024;

    /// <summary>When the scratch directory's disk has less left than this, in bytes, the running action is stopped that holds most of it; null for 1 GiB, or a twentieth of the disk if that is less.</summary>
    public long? MinFreeDiskBytes { get; init; }

    /// <summary>False to refuse symlinks with absolute targets in inputs and outputs (SYM-02); the same as the server advertises.</summary>
    public bool AllowAbsoluteSymlinks { get; init; } = true;

    /// <summary>How long running actions may go on when the worker is stopped; then they go back to the queue.</summary>
    public TimeSpan GracePeriod { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The operating system and the architecture of this machine, in the words of the REAPI's lexicon (PLT-04).</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> DefaultPlatform { get; } =
        [new("OSFamily", "linux"), new("ISA", IsaOf(RuntimeInformation.OSArchitecture))];

    /// <summary>Every problem with these settings, each in a sentence.</summary>
    public IEnumerable<string> Validate()
    {
        if (Name.Length == 0)
            yield return "name must not be empty";
        if (Slots < 1)
            yield return $"slots must be at least 1, not {Slots}";
        if (Cores is <= 0 or double.NaN)
            yield return $"cores must be more than 0, not {Cores}";
        if (MemoryBytes <= 0)
            yield return $"memoryBytes must be more than 0, not {MemoryBytes}";
        if (!Path.IsPathRooted(ScratchDirectory))
            yield return $"scratchDirectory must be an absolute path, not '{ScratchDirectory}'";
        if (FileCacheBytes < 0)
            yield return $"fileCacheBytes must not be negative: {FileCacheBytes}";
        if (CacheNodes < 0)
            yield return $"cacheNodes must not be negative: {CacheNodes}";
        if (MaxProcesses < 0)
            yield return $"maxProcesses must not be negative: {MaxProcesses}";
        if (MaxInputNodes < 1)
            yield return $"maxInputNodes must be positive, not {MaxInputNodes}";
        if (MaxLogBytes < 0)
            yield return $"maxLogBytes must not be negative: {MaxLogBytes}";
        if (MaxOutputBytes < 0)
            yield return $"maxOutputBytes must not be negative: {MaxOutputBytes}";
        if (MaxOutputFiles < 0)
            yield return $"maxOutputFiles must not be negative: {MaxOutputFiles}";
        if (MaxDiskBytes < 0)
            yield return $"maxDiskBytes must not be negative: {MaxDiskBytes}";
        if (MinFreeDiskBytes < 0)
            yield return $"minFreeDiskBytes must not be negative: {MinFreeDiskBytes}";
        if (GracePeriod < TimeSpan.Zero)
            yield return $"gracePeriod must not be negative: {GracePeriod}";
        foreach (string problem in Sandbox.Validate())
            yield return problem;
        foreach ((string name, string _) in Platform)
        {
            if (name.Length == 0)
                yield return "a platform property has no name";
        }
    }

    /// <summary>The platform as it is posted: sorted, as the REAPI has it.</summary>
    /// <param name="more">What was found about the machine; what is configured under the same name goes before it.</param>
    internal Reapi.Platform ToPlatform(IEnumerable<KeyValuePair<string, string>> more)
    {
        IEnumerable<Reapi.Platform.Types.Property> properties = Platform.Concat(more.Where(found => Platform.All(configured => configured.Key != found.Key)))
            .OrderBy(property => property.Key, Utf8Order.Instance).ThenBy(property => property.Value, Utf8Order.Instance)
            .Select(property => new Reapi.Platform.Types.Property { Name = property.Key, Value = property.Value });
        return new Reapi.Platform { Properties = { properties } };
    }

    /// <summary>What the worker has, as it is posted.</summary>
    internal Resources ToResources() => new() { CpuMillis = (long)Math.Ceiling((Cores ?? Slots) * MillisPerCore), MemoryBytes = MemoryBytes ?? MachineMemory.ForActions() };

    private static string IsaOf(Architecture architecture) => architecture switch
    {
        Architecture.X64 => "x86-64",
        Architecture.X86 => "x86-32",
        Architecture.Arm64 => "arm-a64",
        Architecture.Arm => "arm-a32",
        Architecture.RiscV64 => "rv64g",
        _ => architecture.ToString().ToLowerInvariant(),
    };
}
