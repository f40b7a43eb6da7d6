using System.Diagnostics.Metrics;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using RemoteExec.Cas;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.TestKit;
using RemoteExec.Worker.Audit;
using RemoteExec.Worker.Caches;
using RemoteExec.Worker.Disk;
using RemoteExec.Worker.Inputs;
using RemoteExec.Worker.Machine;
using RemoteExec.Worker.Persistent;
using RemoteExec.Worker.Sandbox;
using RemoteExec.Worker.Services;

namespace RemoteExec.Worker.Tests;

/// <summary>A worker without a scheduler: builds actions, runs them for real, and looks at the outcome.</summary>
internal sealed class ActionFixture : IAsyncDisposable
{
    private readonly PooledSandbox sandbox;
    private readonly bool isAlone;

    private ActionFixture(WorkerOptions options, IBlobStore cas, PooledSandbox sandbox, SandboxChoice choice, bool isAlone, IBlobStore? hashedOutputs, TimeProvider diskTime)
    {
        this.sandbox = sandbox;
        this.isAlone = isAlone;
        ScratchDirectory scratch = sandbox.Scratch;
        Cas = cas;
        Options = options;
        Persistent = PersistentActions.For(options, scratch, choice.Sandbox, Log, TimeProvider.System);
        Disk = DiskGuard.For(options, scratch, diskTime);
        var inputs = new InputRoot(cas, scratch, options, hardlinks: choice.Users is not null);
        var caches = NamedCaches.Open(scratch, options.Sandbox.CacheBytes, Log, TimeProvider.System);
        var metrics = new WorkerMetrics(Meter);
        metrics.Observe(options.Slots, inputs, caches, Persistent);
        Ahead = new InputsAhead(inputs.Ahead, Log);
        Executor = new LocalActionExecutor(options, cas, scratch, choice.Sandbox, choice.Users, Log, TimeProvider.System)
        {
            Inputs = inputs,
            Ahead = Ahead,
            Metrics = metrics,
            Caches = caches,
            HashedOutputs = hashedOutputs,
            Persistent = Persistent,
            Disk = Disk,
        };
    }

    public WorkerOptions Options { get; }

    public IBlobStore Cas { get; }

    public IActionExecutor Executor { get; }

    /// <summary>What the executor's metrics are of.</summary>
    public Meter Meter { get; } = new(WorkerMetrics.MeterName);

    public InputsAhead Ahead { get; }

    public PersistentActions? Persistent { get; }

    public DiskGuard Disk { get; }

    public List<Reapi.ExecutedActionMetadata> Reports { get; } = [];

    public ScratchDirectory Scratch => sandbox.Scratch;

    /// <summary>What the executor logged.</summary>
    public RecordingLogger Log { get; } = new();

    public MerkleTreeBuilder Inputs { get; set; } = NewTree();

    /// <summary>The instance and the function of all digests.</summary>
    public static Digest Anchor { get; } = EmptyBlob.DigestOf(InstanceName.Parse("some/instance"), DigestFunction.Sha256);

    /// <summary>Makes a worker with the highest sandbox that works here, or, if it is told about users, with the one that has no namespaces. An earlier test may have used the same, unless it is to be alone, or at a certain place.</summary>
    public static async Task<ActionFixture> MakeAsync(Func<WorkerOptions, WorkerOptions>? change = null, IBlobStore? cas = null, bool? separateUsers = null, string? tier = null, string kernelRoot = "/", IBlobStore? hashedOutputs = null, bool isUserMapped = false, bool isAlone = false, TimeProvider? diskTime = null, string? place = null)
    {
        WorkerOptions options = new()
        {
            Name = "test-worker",
            SeparateUsers = separateUsers,
            MaxProcesses = Needs.MaxProcesses,
            Sandbox = new SandboxOptions { Tier = tier ?? (separateUsers is null ? null : SandboxTiers.Directory) },
        };
        options = change?.Invoke(options) ?? options;
        // All that the choice of a sandbox depends on.
        object key = (options.Sandbox with { Audit = new AuditOptions(), Persistent = new PersistentOptions(), CacheBytes = 0 }, options.SeparateUsers, options.MaxProcesses, isUserMapped);
        Task<PooledSandbox> MakeSandboxAsync() => PooledSandbox.MakeAsync(key, scratch => ChooseAsync(options, scratch, isUserMapped), place);
        PooledSandbox sandbox = isAlone || place is not null ? await MakeSandboxAsync() : await SandboxPool.TakeAsync(key, MakeSandboxAsync);
        SandboxChoice choice = kernelRoot == "/" ? sandbox.Choice : sandbox.Choice with { Sandbox = new DirectorySandbox(TimeProvider.System, new MemoryKills(kernelRoot)) };
        return new ActionFixture(options with { ScratchDirectory = sandbox.Scratch.Location }, cas ?? new MemoryStore(1 << 30), sandbox, choice, isAlone || place is not null, hashedOutputs, diskTime ?? TimeProvider.System);
    }

    /// <summary>Waits until all is deleted that actions had.</summary>
    public Task AssertAllIsDeletedAsync() => sandbox.AssertAllIsDeletedAsync();

    public void ForgetInputs() => Inputs = NewTree();

    public static MerkleTreeBuilder NewTree() => new(Anchor.Instance, Anchor.Function);

    public async Task<Digest> StoreAsync(byte[] content) => await Cas.StoreAsync(Anchor, content, CancellationToken.None);

    public Task<Digest> StoreAsync(IMessage message) => StoreAsync(message.ToByteArray());

    public async Task<ActionFixture> AddFileAsync(string path, string content, bool executable = false, Reapi.NodeProperties? properties = null)
    {
        Inputs.AddFile(path, await StoreAsync(System.Text.Encoding.UTF8.GetBytes(content)), executable, properties);
        return this;
    }

    /// <summary>Runs a shell script with the inputs gathered so far.</summary>
    public Task<ExecutionOutcome> ShellAsync(string script, params string[] outputPaths)
    {
        var command = new Reapi.Command { Arguments = { "/bin/bash", "-c", script } };
        command.EnvironmentVariables.Add(new Reapi.Command.Types.EnvironmentVariable { Name = "PATH", Value = "/usr/bin:/bin" });
        command.OutputPaths.AddRange(outputPaths);
        return RunAsync(command);
    }

    public async Task<ExecutionOutcome> RunAsync(Reapi.Command command, TimeSpan? timeout = null)
    {
        MerkleTree tree = Inputs.Build();
        Inputs = NewTree();
        foreach ((Digest digest, ReadOnlyMemory<byte> encoded) in tree.Blobs)
            await Cas.WriteAllAsync(digest, encoded, CancellationToken.None);
        var action = new Reapi.Action { CommandDigest = (await StoreAsync(command)).ToProto(), InputRootDigest = tree.RootDigest.ToProto() };
        return await RunAsync(action, timeout);
    }

    public Task<ExecutionOutcome> RunAsync(Reapi.Action action, TimeSpan? timeout = null, CancellationToken? cancellationToken = null) =>
        Executor.ExecuteAsync(
            new ActionLease("lease", Anchor.SiblingOf(action.ToByteArray()), action, timeout ?? TimeSpan.FromMinutes(1), new Timestamp { Seconds = 1 }),
            report =>
            {
                lock (Reports)
                    Reports.Add(report.Metadata);
            },
            cancellationToken ?? TestContext.Current.CancellationToken);

    public async Task<string> ReadAsync(Reapi.Digest? digest) => System.Text.Encoding.UTF8.GetString(await ReadBytesAsync(digest));

    public async Task<T> ReadAsync<T>(Reapi.Digest? digest, MessageParser<T> parser)
        where T : class, IMessage<T> => parser.ParseFrom(await ReadBytesAsync(digest));

    public async Task<byte[]> ReadBytesAsync(Reapi.Digest? digest)
    {
        if (digest is null)
            return [];
        Assert.True(Anchor.TryParseSibling(digest, out Digest parsed, out string? error), error);
        return await Cas.ReadAllAsync(parsed, int.MaxValue, CancellationToken.None) ?? throw new InvalidOperationException($"{digest.Hash} was not uploaded");
    }

    public async ValueTask DisposeAsync()
    {
        await Disk.DisposeAsync();
        await Ahead.DisposeAsync();
        if (Persistent is not null)
            await Persistent.DisposeAsync();
        Meter.Dispose();
        if (isAlone)
            await sandbox.DisposeAsync();
        else
            await SandboxPool.ReturnAsync(sandbox);
    }

    private static async Task<SandboxChoice> ChooseAsync(WorkerOptions options, ScratchDirectory scratch, bool isUserMapped)
    {
        SandboxChoice choice = await SandboxProbe.ChooseAsync(options, scratch, TimeProvider.System);
        if (!isUserMapped)
            return choice;
        await choice.DisposeAsync();
        var settings = new NamespaceSettings { Program = SandboxProbe.Launcher, IsUserMapped = true, Overlays = options.Sandbox.Tier != SandboxTiers.Namespaces, Host = new HostMounts(options.Sandbox.HostPaths) };
        return new SandboxChoice(new NamespaceSandbox(settings, scratch, TimeProvider.System), null, choice.Report);
    }
}
