using RemoteExec.Protocol;

namespace RemoteExec.Worker.Inputs;

/// <summary>Makes input layers out of cached trees, of skeletons, and of both. May be called concurrently.</summary>
/// <param name="files">The cached files.</param>
/// <param name="trees">The cached trees, which link to these files.</param>
/// <param name="room">The room of both.</param>
internal sealed class LayerSource(FileCache files, TreeCache trees, CacheRoom room)
{
    private const int RememberedRoots = 4096;

    // A skeleton of so few nodes is laid out faster than a tree is worth keeping.
    private const int SmallSkeleton = 128;

    // A tree that takes more than this part of the room would drive out what other actions need.
    private const int MaxPartOfRoom = 4;

    private readonly RecentRoots roots = new(RememberedRoots);

    private int LargestTree => room.MaxNodes / MaxPartOfRoom;

    /// <summary>Makes the layer of an action.</summary>
    /// <param name="tree">Its input tree.</param>
    /// <param name="command">Its command, as far as it is known before its paths are.</param>
    /// <param name="paths">The command's places.</param>
    /// <param name="skeleton">Where what is not cached as a tree is laid out.</param>
    /// <param name="upper">The upper layer of the overlay, for directories that a cached tree lacks.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<InputLayer> MakeAsync(
        InputTree tree, ActionCommand command, CommandPaths paths, InputTarget skeleton, InputTarget upper, CancellationToken cancellationToken)
    {
        LayerPlan plan = await LayerPlan.MakeAsync(tree, paths, LargestTree, cancellationToken);
        return IsWholeWorthwhile(tree.Root, plan, skeleton.Owner)
            ? await UseWholeAsync(tree, command, paths, upper, cancellationToken)
            : await UsePartsAsync(tree, command, paths, plan, skeleton, cancellationToken);
    }

    private bool IsWholeWorthwhile(InputDirectory root, LayerPlan plan, uint? owner) =>
        plan.SkeletonNodes > SmallSkeleton
        && root.Nodes <= LargestTree
        && (roots.CameBefore(root.Digest) || trees.Knows(new TreeKey(root.Digest, owner)));

    /// <summary>Has all of a tree cached as one directory, which stays until the answer is disposed.</summary>
    /// <param name="tree">The tree.</param>
    /// <param name="owner">Whom its directories belong to; null for the worker's own user.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<TreeHold> HoldAsync(InputTree tree, uint? owner, CancellationToken cancellationToken)
    {
        using var pins = new FilePins(files);
        var hold = new TreeHold(trees, owner);
        try
        {
            await hold.TakeAsync(tree, [tree.Root.Digest], pins, [], cancellationToken);
            return hold;
        }
        catch
        {
            hold.Dispose();
            throw;
        }
    }

    // The overlay makes all of a cached tree writable, but nothing can be added to the tree itself.
    private async Task<InputLayer> UseWholeAsync(
        InputTree tree, ActionCommand command, CommandPaths paths, InputTarget upper, CancellationToken cancellationToken)
    {
        TreeHold hold = await HoldAsync(tree, upper.Owner, cancellationToken);
        try
        {
            string lower = hold.PathOf(tree.Root.Digest);
            UpperLayer.Make(lower, upper, paths.Created);
            return new InputLayer(hold) { Command = command, Lower = lower, Binds = [] };
        }
        catch
        {
            hold.Dispose();
            throw;
        }
    }

    private async Task<InputLayer> UsePartsAsync(
        InputTree tree, ActionCommand command, CommandPaths paths, LayerPlan plan, InputTarget skeleton, CancellationToken cancellationToken)
    {
        using var pins = new FilePins(files);
        var hold = new TreeHold(trees, skeleton.Owner);
        try
        {
            await tree.ReadAllAsync(plan.Loose, cancellationToken);
            IEnumerable<FileKey> loose = plan.Open.Concat(tree.AllBeneath(plan.Loose))
                .SelectMany(directory => directory.Files).Select(file => file.Key);
            await hold.TakeAsync(tree, plan.Bound.Values, pins, loose, cancellationToken);

            skeleton.MakeDirectory(skeleton.Root);
            await new TreeLayout(tree, pins, skeleton).PlaceAsync(tree.Root.Digest, plan.Bound, paths.Created, cancellationToken);
            return new InputLayer(hold)
            {
                Command = command,
                Lower = skeleton.Root,
                Binds = [.. plan.Bound.Select(bound => new InputBind(hold.PathOf(bound.Value), bound.Key))],
            };
        }
        catch
        {
            hold.Dispose();
            throw;
        }
    }
}
