using RemoteExec.Cas;
using RemoteExec.Native;
using RemoteExec.Protocol;
using RemoteExec.Worker.Audit;
using RemoteExec.Worker.Caches;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Worker.Inputs;

/// <summary>Prepares the input roots of actions: lays them out on disk, or says of what they are to be mounted. May be called concurrently.</summary>
internal sealed class InputRoot
{
    private readonly IBlobStore cas;
    private readonly WorkerOptions options;
    private readonly CommandsAhead commands;
    private readonly InputDirectories directories;
    private readonly FileCache files;
    private readonly TreeCache trees;
    private readonly LayerSource layers;
    private readonly ActionsFirst turns = new();

    /// <summary>Makes empty caches.</summary>
    /// <param name="cas">Where inputs come from.</param>
    /// <param name="scratch">Where they are cached.</param>
    /// <param name="options">The worker's settings.</param>
    /// <param name="hardlinks">True if nothing can write to a file of the worker's with mode 0444, so that roots that are laid out may share files.</param>
    public InputRoot(IBlobStore cas, ScratchDirectory scratch, WorkerOptions options, bool hardlinks)
    {
        this.cas = cas;
        this.options = options;
        var room = new CacheRoom(options.FileCacheBytes, options.CacheNodes);
        commands = new CommandsAhead(cas);
        directories = new InputDirectories(cas, options.AllowAbsoluteSymlinks, InputDirectories.DefaultMaxNodes);
        files = new FileCache(cas, MakeDirectory(scratch, "files"), room, hardlinks);
        trees = new TreeCache(MakeDirectory(scratch, "trees"), room, scratch.Discard);
        layers = new LayerSource(files, trees, room);
        Ahead = new AheadSource(commands, directories, files, turns, room, options.MaxInputNodes);
    }

    /// <summary>What is cached of files.</summary>
    public CacheStatistics FileStatistics => files.Statistics;

    /// <summary>What is cached of trees.</summary>
    public CacheStatistics TreeStatistics => trees.Statistics;

    /// <summary>Fetches inputs into these caches before their actions come.</summary>
    public AheadSource Ahead { get; }

    /// <summary>Reads the action's command, fills the root with its inputs, and makes the working directory and the parents of outputs.</summary>
    /// <exception cref="BlobsMissingException">The CAS lacks blobs; all of them are listed (EXE-05).</exception>
    /// <exception cref="InvalidActionException">The action breaks a rule.</exception>
    public Task<ActionCommand> MaterialiseAsync(ActionLease lease, ActionDirectory directory, CancellationToken cancellationToken) => PrepareAsync(
        lease,
        directory.Root,
        async (tree, command, paths) =>
        {
            await tree.ReadAllAsync([tree.Root.Digest], cancellationToken);
            await LayOutAsync(tree, paths, directory, cancellationToken);
            return command;
        },
        cancellationToken);

    /// <summary>As <see cref="MaterialiseAsync"/>, for a persistent process: tells the inputs as well. If none of them belongs to a tool, or the command is not to be taken, nothing is laid out.</summary>
    /// <param name="lease">The action.</param>
    /// <param name="directory">Where to lay it out.</param>
    /// <param name="root">Where the action will see its root.</param>
    /// <param name="isTaken">Whether the command can be run so.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<StagedInputs?> StageAsync(
        ActionLease lease, ActionDirectory directory, string root, Func<ActionCommand, bool> isTaken, CancellationToken cancellationToken) => PrepareAsync(
        lease,
        root,
        async (tree, command, paths) =>
        {
            if (!isTaken(command))
                return null;
            await tree.ReadAllAsync([tree.Root.Digest], cancellationToken);
            var staged = StagedInputs.List(tree, command);
            if (staged.Tools is null)
                return null;
            await LayOutAsync(tree, paths, directory, cancellationToken);
            return staged;
        },
        cancellationToken);

    /// <summary>
    /// Reads the action's command and says what its root is to be mounted of, in which the working directory and the parents of outputs exist. Nothing that is
    /// named may be written to except through an overlay. The caller disposes the answer after the mounts are gone.
    /// </summary>
    /// <param name="lease">The action.</param>
    /// <param name="skeleton">
    /// An absolute path without symlinks, on the scratch directory's file system, where there is nothing or an empty directory: what is laid out for this action
    /// alone goes there. The caller deletes it, whatever comes of the call.
    /// </param>
    /// <param name="upper">
    /// The upper layer of the overlay, as <paramref name="skeleton"/>: directories that the lower layer lacks are made there. Whatever else the caller puts
    /// there comes later.
    /// </param>
    /// <param name="root">Where the action will see its root: an absolute path without symlinks. Symlinks with absolute targets below it stay inside.</param>
    /// <param name="owner">The user, and the group, that directories are to belong to; null for the worker's own.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="BlobsMissingException">The CAS lacks blobs; all of them are listed (EXE-05).</exception>
    /// <exception cref="InvalidActionException">The action breaks a rule.</exception>
    public Task<InputLayer> LayerAsync(
        ActionLease lease, string skeleton, string upper, string root, uint? owner, CancellationToken cancellationToken) => PrepareAsync(
        lease,
        root,
        (tree, command, paths) => layers.MakeAsync(
            tree, command, paths, new InputTarget(skeleton, owner, LinksAlways: true), new InputTarget(upper, owner, LinksAlways: true), cancellationToken),
        cancellationToken);

    /// <summary>
    /// Has a directory with all beneath it cached as one tree, such as the file system of an action that brings its own. To be mounted read-only, or as the lower
    /// layer of an overlay. The caller disposes the answer after the mounts are gone.
    /// </summary>
    /// <param name="root">The directory.</param>
    /// <param name="owner">The user, and the group, that directories are to belong to; null for the worker's own.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="BlobsMissingException">The CAS lacks blobs; all of them are listed (EXE-05).</exception>
    /// <exception cref="InvalidActionException">A directory breaks a rule.</exception>
    public Task<CachedTree> HoldTreeAsync(Digest root, uint? owner, CancellationToken cancellationToken) => TellAllMissingAsync(
        root,
        [],
        async () =>
        {
            InputTree tree = await InputTree.ReadAsync(directories, root, options.MaxInputNodes, cancellationToken);
            return new CachedTree(await layers.HoldAsync(tree, owner, cancellationToken), root);
        },
        cancellationToken);

    /// <summary>Lists an action's inputs; null if they are more than that.</summary>
    public async Task<InputListing?> ListAsync(ActionLease lease, int maxNodes, CancellationToken cancellationToken)
    {
        InputTree tree = await InputTree.ReadAsync(directories, ParseDigest(lease, lease.Action.InputRootDigest, "input_root_digest"), options.MaxInputNodes, cancellationToken);
        if (tree.Root.Nodes > maxNodes)
            return null;
        await tree.ReadAllAsync([tree.Root.Digest], cancellationToken);
        return new InputListing(tree);
    }

    private async Task LayOutAsync(InputTree tree, CommandPaths paths, ActionDirectory directory, CancellationToken cancellationToken)
    {
        using var pins = new FilePins(files);
        await pins.FetchAsync(tree.AllBeneath([tree.Root.Digest]).SelectMany(node => node.Files).Select(file => file.Key), cancellationToken);
        await new TreeLayout(tree, pins, new InputTarget(directory.Root, directory.User?.Id, LinksAlways: false))
            .PlaceAsync(tree.Root.Digest, leftEmpty: null, paths.Created, cancellationToken);
    }

    private Task<T> PrepareAsync<T>(
        ActionLease lease, string root, Func<InputTree, ActionCommand, CommandPaths, Task<T>> prepare, CancellationToken cancellationToken)
    {
        Digest commandDigest = ParseDigest(lease, lease.Action.CommandDigest, "command_digest");
        Digest rootDigest = ParseDigest(lease, lease.Action.InputRootDigest, "input_root_digest");
        return TellAllMissingAsync(
            rootDigest,
            [commandDigest],
            async () =>
            {
                Reapi.Command message = await commands.ReadAsync(commandDigest, cancellationToken)
                    ?? throw new BlobsMissingException([commandDigest]);
                ActionCommand command = ActionCommand.Parse(message);
                command = command with { Caches = CachePlace.Parse(lease.Action.Platform ?? command.Platform, options.Sandbox.CachePaths) };
                InputTree tree = await InputTree.ReadAsync(directories, rootDigest, options.MaxInputNodes, cancellationToken);
                CommandPaths paths = await CommandPaths.FindAsync(tree, command, root, cancellationToken);
                return await prepare(tree, command with { WorkingDirectory = paths.WorkingDirectory, Caches = paths.Caches }, paths);
            },
            cancellationToken);
    }

    /// <summary>Reads inputs; if some of what that needs is missing, everything that the CAS lacks of a tree, and of other blobs, is told.</summary>
    private async Task<T> TellAllMissingAsync<T>(Digest root, IEnumerable<Digest> others, Func<Task<T>> read, CancellationToken cancellationToken)
    {
        using ActionsFirst.Fetch fetch = turns.Begin();
        try
        {
            T inputs = await read();
            await ProcessLauncher.LaunchesUnderWayAsync();
            return inputs;
        }
        catch (BlobsMissingException exception)
        {
            InputReading reading = await directories.ReadAsync([root], deep: true, cancellationToken);
            Digest[] wanted = [.. reading.Files.Concat(others).Where(digest => !digest.IsEmptyBlob).Distinct()];
            IReadOnlyCollection<Digest> missing = await cas.FindMissingAsync(wanted, cancellationToken);
            throw new BlobsMissingException([.. exception.Digests.Concat(reading.Missing).Concat(missing).Distinct()]);
        }
        catch (Exception exception) when (exception is PathTooLongException or NativeException { Error: Libc.ENAMETOOLONG })
        {
            throw new InvalidActionException("an input or an output has a name or a path that is too long for the worker's file system");
        }
    }

    private static Digest ParseDigest(ActionLease lease, Reapi.Digest digest, string field) =>
        lease.ActionDigest.TryParseSibling(digest, out Digest parsed, out string? error)
            ? parsed
            : throw new InvalidActionException($"{field} of the action: {error}");

    private static string MakeDirectory(ScratchDirectory scratch, string name)
    {
        string path = Path.Combine(scratch.Cache, name);
        ScratchDirectory.Make(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }
}
