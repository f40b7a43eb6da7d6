using RemoteExec.Worker.Caches;

namespace RemoteExec.Worker.Inputs;

/// <summary>Where a command's working directory and outputs are in its input tree; symlinks in the tree are followed. All paths are relative to the root, without symlinks.</summary>
internal sealed class CommandPaths
{
    private readonly InputTree tree;
    private readonly string root;
    private readonly HashSet<string> open = [""];
    private readonly HashSet<string> outputs = [];
    private readonly HashSet<string> required = [""]; // a part of what is open: that need not exist
    private readonly List<string> created = [];
    private readonly List<CachePlace> caches = [];

    private CommandPaths(InputTree tree, string root)
    {
        this.tree = tree;
        this.root = root;
    }

    /// <summary>The working directory; empty for the root.</summary>
    public string WorkingDirectory { get; private set; } = "";

    /// <summary>Directories that the action is to find writable: the working directory, the parents of outputs, and all directories on the way to them.</summary>
    public IReadOnlySet<string> Open => open;

    /// <summary>The places of outputs: all that is beneath them in the tree is to be writable, too.</summary>
    public IReadOnlySet<string> Outputs => outputs;

    /// <summary>Directories that are to exist and that the tree lacks, outer ones first.</summary>
    public IReadOnlyList<string> Created => created;

    /// <summary>What is to be kept for later actions; paths in the root are places, which exist.</summary>
    public IReadOnlyList<CachePlace> Caches => caches;

    /// <summary>Finds the places of a command.</summary>
    /// <param name="tree">The input tree.</param>
    /// <param name="command">The command.</param>
    /// <param name="root">Where the action sees its root: an absolute path without symlinks.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="InvalidActionException">A place lies outside of the root, or behind something that is no directory.</exception>
    public static async Task<CommandPaths> FindAsync(InputTree tree, ActionCommand command, string root, CancellationToken cancellationToken)
    {
        var paths = new CommandPaths(tree, root);
        paths.WorkingDirectory = await paths.ResolveAsync(command.WorkingDirectory, followLast: true, cancellationToken)
            ?? throw new InvalidActionException($"the working directory lies outside of the input root: '{command.WorkingDirectory}'");
        await paths.RequireAsync(paths.WorkingDirectory, "the working directory", cancellationToken);
        foreach (DeclaredOutput output in command.Outputs)
            await paths.AddAsync(command, output, cancellationToken);
        foreach (CachePlace cache in command.Caches)
            paths.caches.Add(cache.IsAbsolute ? cache : cache with { Path = await paths.AddAsync(cache, cancellationToken) });
        return paths;
    }

    // What is kept is neither an input nor an output.
    private async Task<string> AddAsync(CachePlace cache, CancellationToken cancellationToken)
    {
        string what = $"the place of the cache '{cache.Name}'";
        string place = await ResolveAsync(cache.Path, followLast: false, cancellationToken)
            ?? throw new InvalidActionException($"{what} lies outside of the input root: '{cache.Path}'");
        if (outputs.FirstOrDefault(output => output.Length == 0 || CachePlace.Overlap(output, place)) is { } near)
            throw new InvalidActionException($"{what}, '{cache.Path}', overlaps with the output '{near}': what is kept from action to action can't be in a result");
        if (WorkingDirectory.Length > 0 && PathInRoot.IsInside(place, WorkingDirectory))
            throw new InvalidActionException($"{what}, '{cache.Path}', would hide the working directory");
        if (caches.Exists(other => !other.IsAbsolute && CachePlace.Overlap(other.Path, place)))
            throw new InvalidActionException($"{what}, '{cache.Path}', overlaps with that of another one");
        await RequireAsync(place, what, cancellationToken);
        if (await FindAsync(place, cancellationToken) is { Nodes: > 1 })
            throw new InvalidActionException($"{what}, '{cache.Path}', has files in the input root");
        return place;
    }

    private async Task AddAsync(ActionCommand command, DeclaredOutput output, CancellationToken cancellationToken)
    {
        string path = $"{command.WorkingDirectory}/{output.Path}";
        string place = await ResolveAsync(path, followLast: false, cancellationToken)
            ?? throw new InvalidActionException($"output '{output.Path}' lies outside of the input root");
        outputs.Add(place);
        if (place.Length > 0)
            await RequireAsync(ParentOf(place), $"the parent of output '{output.Path}'", cancellationToken);

        // Where there is a symlink, an action may replace it as well as write to where it leads.
        if (await ResolveAsync(path, followLast: true, cancellationToken) is { } target && outputs.Add(target))
            OpenTo(ParentOf(target));
    }

    private async Task<string?> ResolveAsync(string path, bool followLast, CancellationToken cancellationToken)
    {
        var walk = new PathWalk(root, path, followLast);
        while (walk.Next() is { } next)
        {
            InputDirectory? parent = await FindAsync(ParentOf(next), cancellationToken);
            if (parent?.FindSymlink(next[(next.LastIndexOf('/') + 1)..]) is { } link)
                walk.Follow(link.Target);
        }

        return walk.LeadsOut ? null : walk.Current;
    }

    private async ValueTask<InputDirectory?> FindAsync(string path, CancellationToken cancellationToken)
    {
        InputDirectory directory = tree.Root;
        foreach (string segment in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (directory.FindDirectory(segment) is not { } child)
                return null;
            directory = await tree.GetAsync(child.Digest, cancellationToken);
        }

        return directory;
    }

    /// <summary>Has a directory exist, and be writable.</summary>
    private async Task RequireAsync(string path, string what, CancellationToken cancellationToken)
    {
        if (!required.Add(path))
            return;
        await RequireAsync(ParentOf(path), what, cancellationToken);
        open.Add(path);
        string name = path[(path.LastIndexOf('/') + 1)..];
        InputDirectory? parent = await FindAsync(ParentOf(path), cancellationToken);
        if (parent is not null && (parent.HasFile(name) || parent.FindSymlink(name) is not null))
            throw new InvalidActionException($"{what} is no directory in the input root: '{path}'");
        if (parent?.FindDirectory(name) is null)
            created.Add(path);
    }

    private void OpenTo(string path)
    {
        for (; path.Length > 0; path = ParentOf(path))
            open.Add(path);
    }

    private static string ParentOf(string path) => path.LastIndexOf('/') is var slash and > 0 ? path[..slash] : "";
}
