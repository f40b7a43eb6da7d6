using RemoteExec.Protocol;

namespace RemoteExec.Worker.Inputs;

/// <summary>Which subtrees of an input tree are bound from the cache of trees; the rest goes into a skeleton.</summary>
internal sealed class LayerPlan
{
    /// <summary>A mount costs as much as a handful of hardlinks.</summary>
    public const int MinNodes = 8;

    /// <summary>Mounts are made one by one, and the more there are the more each costs.</summary>
    public const int MaxBinds = 64;

    private LayerPlan(Dictionary<string, Digest> bound, IReadOnlyList<InputDirectory> open, IReadOnlyList<Digest> loose, long skeletonNodes)
    {
        Bound = bound;
        Open = open;
        Loose = loose;
        SkeletonNodes = skeletonNodes;
    }

    /// <summary>The subtrees that are bound, by their paths relative to the root.</summary>
    public IReadOnlyDictionary<string, Digest> Bound { get; }

    /// <summary>The directories of the skeleton of which some part may be bound.</summary>
    public IReadOnlyList<InputDirectory> Open { get; }

    /// <summary>The other directories of the skeleton, each with all beneath it.</summary>
    public IReadOnlyList<Digest> Loose { get; }

    /// <summary>How many files, directories and symlinks the skeleton takes.</summary>
    public long SkeletonNodes { get; }

    /// <summary>
    /// Binds the largest subtrees in which nothing need be writable. Of the rest, directories on the way to outputs are read, and <see cref="Loose"/> has what
    /// is still to be.
    /// </summary>
    /// <param name="tree">The input tree.</param>
    /// <param name="paths">The command's places.</param>
    /// <param name="maxNodes">Larger subtrees are not bound, but perhaps the parts that they have.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<LayerPlan> MakeAsync(InputTree tree, CommandPaths paths, int maxNodes, CancellationToken cancellationToken)
    {
        if (paths.Outputs.Contains(""))
            return new LayerPlan([], [], [tree.Root.Digest], tree.Root.Nodes);

        var candidates = new List<(string Path, InputSubdirectory Directory)>();
        var open = new List<InputDirectory>();
        var loose = new List<InputSubdirectory>();
        long skeletonNodes = 0;
        var todo = new Stack<(string Path, InputDirectory Directory)>();
        todo.Push(("", tree.Root));
        while (todo.TryPop(out (string Path, InputDirectory Directory) next))
        {
            open.Add(next.Directory);
            skeletonNodes += 1 + next.Directory.Files.Length + next.Directory.Symlinks.Length;
            foreach (InputSubdirectory child in next.Directory.Directories)
            {
                string path = next.Path.Length == 0 ? child.Name : $"{next.Path}/{child.Name}";
                if (paths.Outputs.Contains(path) || child.Nodes < MinNodes)
                    loose.Add(child);
                else if (paths.Open.Contains(path) || child.Nodes > maxNodes)
                    todo.Push((path, await tree.GetAsync(child.Digest, cancellationToken)));
                else
                    candidates.Add((path, child));
            }
        }

        candidates.Sort(static (left, right) => right.Directory.Nodes.CompareTo(left.Directory.Nodes));
        loose.AddRange(candidates.Skip(MaxBinds).Select(candidate => candidate.Directory));
        Dictionary<string, Digest> bound = candidates.Take(MaxBinds).ToDictionary(candidate => candidate.Path, candidate => candidate.Directory.Digest);
        skeletonNodes += bound.Count + loose.Sum(directory => (long)directory.Nodes);
        return new LayerPlan(bound, open, [.. loose.Select(directory => directory.Digest).Distinct()], skeletonNodes);
    }
}
