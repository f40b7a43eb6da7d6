using System.Collections.Concurrent;
using System.Text;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.TestKit;
using RemoteExec.Worker.Inputs;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Worker.Tests.Inputs;

/// <summary>Input roots of made-up actions, without anything that runs them.</summary>
internal sealed class InputFixture : IAsyncDisposable
{
    /// <summary>Where the made-up actions see their roots.</summary>
    public const string Root = NamespaceSandbox.Root;

    private readonly TempDirectory temp;
    private readonly ConcurrentDictionary<Digest, bool> files = [];
    private int skeletons;

    private InputFixture(TempDirectory temp, ScratchDirectory scratch, WorkerOptions options)
    {
        this.temp = temp;
        Scratch = scratch;
        Reads = new FaultyStore(Memory);
        Inputs = new InputRoot(Reads, scratch, options, hardlinks: true);
    }

    public ScratchDirectory Scratch { get; }

    /// <summary>The CAS.</summary>
    public MemoryStore Memory { get; } = new(1 << 28);

    /// <summary>What stands between the CAS and the inputs.</summary>
    public FaultyStore Reads { get; }

    public InputRoot Inputs { get; }

    /// <summary>Whom an action's directories are to belong to: another user, if this one may give things away.</summary>
    public static uint? Owner => Environment.IsPrivilegedProcess ? 60599 : null;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<InputFixture> MakeAsync(Func<WorkerOptions, WorkerOptions>? change = null)
    {
        var temp = new TempDirectory();
        var options = new WorkerOptions();
        return new InputFixture(temp, await ScratchDirectory.OpenAsync(Path.Combine(temp.Path, "scratch"), NullLogger.Instance), change?.Invoke(options) ?? options);
    }

    public static MerkleTreeBuilder NewTree() => ActionFixture.NewTree();

    public async Task<Digest> StoreAsync(string content)
    {
        Digest digest = await Memory.StoreAsync(ActionFixture.Anchor, Encoding.UTF8.GetBytes(content), Cancellation);
        files.TryAdd(digest, true);
        return digest;
    }

    /// <summary>Runs something before each time that a file is read from the CAS.</summary>
    public void BeforeFiles(Func<Digest, ValueTask> before) => Reads.Before = (operation, digest) =>
        operation == StoreOperation.OpenRead && files.ContainsKey(digest!.Value) ? before(digest.Value) : ValueTask.CompletedTask;

    public async Task<Digest> StoreAsync(IMessage message) => await Memory.StoreAsync(ActionFixture.Anchor, message.ToByteArray(), Cancellation);

    /// <summary>An action that has a tree as its input root.</summary>
    public async Task<ActionLease> LeaseAsync(MerkleTree tree, string workingDirectory = "", params string[] outputs)
    {
        foreach ((Digest digest, ReadOnlyMemory<byte> encoded) in tree.Blobs)
            await Memory.WriteAllAsync(digest, encoded, Cancellation);
        var command = new Reapi.Command { Arguments = { "true" }, WorkingDirectory = workingDirectory, OutputPaths = { outputs } };
        var action = new Reapi.Action { CommandDigest = (await StoreAsync(command)).ToProto(), InputRootDigest = tree.RootDigest.ToProto() };
        return new ActionLease("lease", ActionFixture.Anchor.SiblingOf(action.ToByteArray()), action, TimeSpan.FromMinutes(1), null);
    }

    public async Task<InputLayer> LayerAsync(ActionLease lease, CancellationToken? cancellation = null) => (await LayerWithUpperAsync(lease, cancellation)).Layer;

    /// <summary>A layer, and the path of the overlay's upper one.</summary>
    public async Task<(InputLayer Layer, string Upper)> LayerWithUpperAsync(ActionLease lease, CancellationToken? cancellation = null)
    {
        int number = Interlocked.Increment(ref skeletons);
        string upper = Path.Combine(temp.Path, $"upper-{number}");
        return (await Inputs.LayerAsync(lease, Path.Combine(temp.Path, $"skeleton-{number}"), upper, Root, Owner, cancellation ?? Cancellation), upper);
    }

    /// <summary>The cached trees.</summary>
    public string[] CachedTrees() => Directory.GetDirectories(Path.Combine(Scratch.Cache, "trees"));

    public async ValueTask DisposeAsync()
    {
        await Scratch.DisposeAsync();
        temp.Dispose();
    }
}
