using System.Collections.Concurrent;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Worker.Native;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Worker.Inputs;

/// <summary>Lays out an action's input root on disk.</summary>
/// <param name="cas">Where commands and directories come from.</param>
/// <param name="cache">Where files come from.</param>
/// <param name="options">The worker's settings.</param>
internal sealed class InputRoot(IBlobStore cas, FileCache cache, WorkerOptions options)
{
    private const int ParallelFetches = 16;
    private const UnixFileMode NewDirectory =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    /// <summary>Reads the action's command, fills the root with its inputs, and makes the working directory and the parents of outputs.</summary>
    /// <exception cref="BlobsMissingException">The CAS lacks blobs; all of them are listed (EXE-05).</exception>
    /// <exception cref="InvalidActionException">The action breaks a rule.</exception>
    public async Task<ActionCommand> MaterialiseAsync(ActionLease lease, ActionDirectory directory, CancellationToken cancellationToken)
    {
        try
        {
            ActionCommand command = await LayOutAsync(lease, directory, cancellationToken);
            await ProcessLauncher.LaunchesUnderWayAsync();
            return command;
        }
        catch (Exception exception) when (exception is PathTooLongException or NativeException { Error: Libc.ENAMETOOLONG })
        {
            throw new InvalidActionException("an input or an output has a name or a path that is too long for the worker's file system");
        }
    }

    private async Task<ActionCommand> LayOutAsync(ActionLease lease, ActionDirectory directory, CancellationToken cancellationToken)
    {
        Digest commandDigest = ParseDigest(lease, lease.Action.CommandDigest, "command_digest");
        Digest rootDigest = ParseDigest(lease, lease.Action.InputRootDigest, "input_root_digest");
        var missing = new List<Digest>();

        Reapi.Command? command = await BlobMessages.ReadAsync(cas, commandDigest, Reapi.Command.Parser, "command", cancellationToken);
        if (command is null)
            missing.Add(commandDigest);
        ActionCommand? parsed = command is null ? null : ActionCommand.Parse(command);
        InputTree tree = await InputTree.LoadAsync(cas, rootDigest, options.AllowAbsoluteSymlinks, missing, cancellationToken);

        var pins = new ConcurrentDictionary<FileKey, FileCache.Pin>();
        try
        {
            await FetchAsync(tree, pins, missing, cancellationToken);
            if (missing.Count > 0 || parsed is null)
                throw new BlobsMissingException([.. missing.Distinct()]);
            tree.CheckSize(options.MaxInputNodes);
            Place(tree, pins, directory, cancellationToken);
        }
        finally
        {
            foreach (FileCache.Pin pin in pins.Values)
                pin.Dispose();
        }

        string workingDirectory = MakeDirectory(directory, parsed.WorkingDirectory, "the working directory");
        foreach (DeclaredOutput output in parsed.Outputs)
            MakeParent(directory, parsed, output);
        return parsed with { WorkingDirectory = Path.GetRelativePath(directory.Root, workingDirectory) };
    }

    private static Digest ParseDigest(ActionLease lease, Reapi.Digest digest, string field) =>
        lease.ActionDigest.TryParseSibling(digest, out Digest parsed, out string? error)
            ? parsed
            : throw new InvalidActionException($"{field} of the action: {error}");

    private async Task FetchAsync(
        InputTree tree, ConcurrentDictionary<FileKey, FileCache.Pin> pins, List<Digest> missing, CancellationToken cancellationToken)
    {
        var wanted = new HashSet<FileKey>();
        foreach (Reapi.FileNode file in tree.Directories.SelectMany(node => node.Files))
            wanted.Add(new FileKey(tree.DigestOf(file.Digest), file.IsExecutable));
        if (wanted.Count == 0)
            return;

        var absent = new ConcurrentBag<Digest>();
        await Parallel.ForEachAsync(
            wanted,
            new ParallelOptions { MaxDegreeOfParallelism = ParallelFetches, CancellationToken = cancellationToken },
            async (file, cancellation) =>
            {
                if (await cache.PinAsync(file, cancellation) is { } pin)
                    pins[file] = pin;
                else
                    absent.Add(file.Digest);
            });
        missing.AddRange(absent);
    }

    private static void Place(
        InputTree tree, ConcurrentDictionary<FileKey, FileCache.Pin> pins, ActionDirectory directory, CancellationToken cancellationToken)
    {
        var todo = new Stack<(string Path, Digest Digest)>();
        todo.Push((directory.Root, tree.Root));
        var stamped = new List<(string Path, Reapi.NodeProperties Properties)>();
        while (todo.TryPop(out (string Path, Digest Digest) next))
        {
            cancellationToken.ThrowIfCancellationRequested();
            Reapi.Directory node = tree[next.Digest];
            foreach (Reapi.FileNode file in node.Files)
                PlaceFile(file, pins[new FileKey(tree.DigestOf(file.Digest), file.IsExecutable)], $"{next.Path}/{file.Name}", directory);
            foreach (Reapi.SymlinkNode link in node.Symlinks)
                File.CreateSymbolicLink($"{next.Path}/{link.Name}", link.Target);
            foreach (Reapi.DirectoryNode child in node.Directories)
            {
                string path = $"{next.Path}/{child.Name}";
                NewDirectoryAt(path, directory);
                todo.Push((path, tree.DigestOf(child.Digest)));
            }

            if (node.NodeProperties is { } properties)
                stamped.Add((next.Path, properties));
        }

        // Last, and inner ones first: filling a directory changes its time, and may need rights that its mode lacks.
        for (int i = stamped.Count - 1; i >= 0; i--)
            Stamp(stamped[i].Path, stamped[i].Properties);
    }

    // Properties belong to the place, not to the content, so such a file can't be shared (DIR-07).
    private static void PlaceFile(Reapi.FileNode file, FileCache.Pin pin, string path, ActionDirectory directory)
    {
        if (file.NodeProperties is not { } properties || (properties.UnixMode is null && properties.Mtime is null))
        {
            pin.PlaceAt(path);
            return;
        }

        pin.CopyTo(path);
        directory.GiveAway(path);
        Stamp(path, properties);
    }

    private static void Stamp(string path, Reapi.NodeProperties properties)
    {
        const UnixFileMode Permissions = (UnixFileMode)0x1FF; // 0777: no set-user-id bits from clients
        if (properties.Mtime is { } modified)
            File.SetLastWriteTimeUtc(path, modified.ToDateTime());
        if (properties.UnixMode is { } mode)
            File.SetUnixFileMode(path, (UnixFileMode)mode & Permissions);
    }

    // A symlink on the way is followed as long as it stays inside; only what does not exist yet is made.
    private static void MakeParent(ActionDirectory directory, ActionCommand command, DeclaredOutput output)
    {
        string path = $"{command.WorkingDirectory}/{output.Path}";
        if (PathInRoot.Resolve(directory.Root, path, followLast: false) is not { } resolved)
            throw new InvalidActionException($"output '{output.Path}' lies outside of the input root");
        if (resolved != directory.Root)
            MakeDirectory(directory, Path.GetRelativePath(directory.Root, Path.GetDirectoryName(resolved)!), $"the parent of output '{output.Path}'");
    }

    private static string MakeDirectory(ActionDirectory directory, string path, string what)
    {
        string resolved = PathInRoot.Resolve(directory.Root, path, followLast: true)
            ?? throw new InvalidActionException($"{what} lies outside of the input root: '{path}'");
        string current = directory.Root;
        foreach (string segment in resolved[directory.Root.Length..].Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            current = $"{current}/{segment}";
            FileStatus? status = FileStatus.Of(current);
            if (status is null)
                NewDirectoryAt(current, directory);
            else if (status.Value.Kind != FileKind.Directory)
                throw new InvalidActionException($"{what} is no directory in the input root: '{path}'");
        }

        return resolved;
    }

    private static void NewDirectoryAt(string path, ActionDirectory directory)
    {
        Directory.CreateDirectory(path, NewDirectory);
        directory.GiveAway(path);
    }
}
