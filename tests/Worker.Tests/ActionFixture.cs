using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.TestKit;
using RemoteExec.Worker.Machine;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Worker.Tests;

/// <summary>A worker without a scheduler: builds actions, runs them for real, and looks at the outcome.</summary>
internal sealed class ActionFixture : IAsyncDisposable
{
    private readonly TempDirectory temp;
    private readonly ActionUsers? users;
    private readonly ScratchDirectory scratch;

    private ActionFixture(WorkerOptions options, IBlobStore cas, ScratchDirectory scratch, ActionUsers? users, TempDirectory temp)
    {
        this.temp = temp;
        this.scratch = scratch;
        this.users = users;
        Cas = cas;
        Options = options;
        Executor = new LocalActionExecutor(options, cas, scratch, new DirectorySandbox(TimeProvider.System, new MemoryKills("/")), users, Log, TimeProvider.System);
    }

    public WorkerOptions Options { get; }

    public IBlobStore Cas { get; }

    public IActionExecutor Executor { get; }

    public List<Reapi.ExecutedActionMetadata> Reports { get; } = [];

    public ScratchDirectory Scratch => scratch;

    /// <summary>What the executor logged.</summary>
    public RecordingLogger Log { get; } = new();

    public MerkleTreeBuilder Inputs { get; private set; } = NewTree();

    /// <summary>The instance and the function of all digests.</summary>
    public static Digest Anchor { get; } = EmptyBlob.DigestOf(InstanceName.Parse("some/instance"), DigestFunction.Sha256);

    /// <summary>Makes a worker; actions run as users of their own where that is possible, unless told otherwise.</summary>
    public static async Task<ActionFixture> MakeAsync(Func<WorkerOptions, WorkerOptions>? change = null, IBlobStore? cas = null, bool? separateUsers = null)
    {
        var temp = new TempDirectory();
        WorkerOptions options = new() { Name = "test-worker", ScratchDirectory = Path.Combine(temp.Path, "scratch") };
        options = change?.Invoke(options) ?? options;
        ScratchDirectory scratch = await ScratchDirectory.OpenAsync(options.ScratchDirectory, NullLogger.Instance);
        return new ActionFixture(options, cas ?? new MemoryStore(1 << 30), scratch, separateUsers ?? ActionUsers.AreAvailable() ? new ActionUsers(Needs.MaxProcesses) : null, temp);
    }

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
                    Reports.Add(report);
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
        await scratch.DisposeAsync();
        users?.Dispose();
        temp.Dispose();
    }
}
