using System.Diagnostics;
using System.Globalization;
using System.Text;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Worker;
using RemoteExec.Worker.Inputs;

namespace RemoteExec.Benchmarks.Inputs;

/// <summary>Actions with large input roots, and a worker's caches to set them up from.</summary>
internal sealed class SampleRoots : IAsyncDisposable
{
    private const int FilesPerDirectory = 100;
    private const int Parts = 10;
    private const string Root = "/work";

    private readonly MemoryStore cas = new(1 << 28);
    private readonly string directory;
    private readonly ScratchDirectory scratch;
    private readonly InputRoot inputs;
    private readonly Digest anchor = EmptyBlob.DigestOf(default, DigestFunction.Sha256);
    private int last;

    private SampleRoots(string directory, ScratchDirectory scratch)
    {
        this.directory = directory;
        this.scratch = scratch;
        inputs = new InputRoot(cas, scratch, new WorkerOptions(), hardlinks: true);
    }

    /// <summary>Opens a scratch directory, and makes empty caches in it.</summary>
    public static async Task<SampleRoots> MakeAsync(string directory)
    {
        Directory.CreateDirectory(directory);
        return new SampleRoots(directory, await ScratchDirectory.OpenAsync(Path.Combine(directory, "scratch"), NullLogger.Instance));
    }

    /// <summary>Makes a tree of so many small files, all different: parts, each of which has directories of files, and some files at the top.</summary>
    /// <param name="files">How many.</param>
    /// <param name="filesAtTop">How many of them are at the top.</param>
    public async Task<SampleRoot> AddAsync(int files, int filesAtTop)
    {
        var builder = new MerkleTreeBuilder(anchor.Instance, anchor.Function);
        for (int i = 0; i < files; i++)
        {
            Digest digest = await cas.StoreAsync(anchor, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"file {i} of {files}")), CancellationToken.None);
            builder.AddFile(i < filesAtTop ? $"{i}" : $"part{i * Parts / files}/{i / FilesPerDirectory}/{i}", digest);
        }

        MerkleTree tree = builder.Build();
        foreach ((Digest digest, ReadOnlyMemory<byte> encoded) in tree.Blobs)
            await cas.WriteAllAsync(digest, encoded, CancellationToken.None);
        var root = new SampleRoot(await LeaseAsync(tree, "out"), await LeaseAsync(tree, "new/out"), Path.Combine(directory, $"laid-out-{files}-{filesAtTop}"));
        await using ActionDirectory action = scratch.MakeActionDirectory(null);
        await inputs.MaterialiseAsync(root.KnownOutput, action, CancellationToken.None);
        Directory.Move(action.Root, root.LaidOut);
        return root;
    }

    /// <summary>Sets up what is cached.</summary>
    public Task<InputLayer> LayerAsync(ActionLease lease) =>
        inputs.LayerAsync(lease, Path.Combine(scratch.Actions, $"skeleton-{++last}"), Path.Combine(scratch.Actions, $"upper-{last}"), Root, owner: null, CancellationToken.None);

    /// <summary>Sets up hardlinks to cached files.</summary>
    public async Task MaterialiseAsync(SampleRoot root)
    {
        await using ActionDirectory action = scratch.MakeActionDirectory(null);
        await inputs.MaterialiseAsync(root.KnownOutput, action, CancellationToken.None);
    }

    /// <summary>What a shell would do.</summary>
    public async Task CopyLinksAsync(SampleRoot root)
    {
        using var copy = Process.Start("cp", ["-al", root.LaidOut, Path.Combine(scratch.Actions, $"copy-{++last}")]);
        await copy.WaitForExitAsync();
        if (copy.ExitCode != 0)
            throw new InvalidOperationException($"cp ended with {copy.ExitCode}");
    }

    /// <summary>Mounts a layer as a sandbox does, and unmounts it.</summary>
    public void MountAndUnmount(InputLayer layer)
    {
        string place = Path.Combine(scratch.Actions, $"mount-{++last}");
        foreach (string name in (string[])["root", "upper", "work"])
            Directory.CreateDirectory(Path.Combine(place, name));
        LayerMounts.Mount(layer, place);
        LayerMounts.Unmount(place);
    }

    /// <summary>Deletes what earlier rounds left, and waits until all is gone, so that nobody measures that.</summary>
    public async Task SettleAsync()
    {
        foreach (string left in Directory.EnumerateDirectories(scratch.Actions))
            await scratch.DiscardAsync(left);
        string trash = Path.Combine(directory, "scratch", "trash");
        while (Directory.EnumerateFileSystemEntries(trash).Any())
            await Task.Delay(10);
    }

    /// <summary>Deletes all of it.</summary>
    public async ValueTask DisposeAsync()
    {
        await scratch.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }

    private async Task<ActionLease> LeaseAsync(MerkleTree tree, string output)
    {
        var command = new Reapi.Command { Arguments = { "true" }, OutputPaths = { output } };
        Digest digest = await cas.StoreAsync(anchor, command.ToByteArray(), CancellationToken.None);
        var action = new Reapi.Action { CommandDigest = digest.ToProto(), InputRootDigest = tree.RootDigest.ToProto() };
        return new ActionLease("lease", anchor.SiblingOf(action.ToByteArray()), action, TimeSpan.FromMinutes(1), null);
    }
}
