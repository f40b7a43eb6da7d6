using RemoteExec.Builds.Explain;
using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.Builds.Critical;

/// <summary>
/// The longest chain to each action, found as the actions are added in the order in which their build asked for them: whatever one of them takes was made before, as clients ask for an action
/// when they know its inputs. So each directory is read once, however many take it. Not thread-safe.
/// </summary>
internal sealed class PathSearch(IBlobStore cas, CriticalLimits limits)
{
    private static readonly Link none = new(-1, "", IsWhole: true), unknown = none with { IsWhole = false };

    private readonly Dictionary<UInt128, int> makers = []; // of what is made, the one that was added first
    private readonly Dictionary<UInt128, Link> directories = []; // by their digests: which maker of what is in them has the longest chain
    private readonly List<(long End, Link Before)> ends = [];

    /// <summary>True if a limit was reached, and something not looked at.</summary>
    public bool IsCut { get; private set; }

    /// <summary>Adds the next action. False if what it takes can't be read, or not all of it.</summary>
    /// <exception cref="CasException">Storage failed.</exception>
    public async Task<bool> AddAsync(ActionFacts action, CancellationToken cancellationToken)
    {
        Link before = action.InputRoot is { } root ? await FindAsync(root, 0, cancellationToken) : unknown;
        int number = ends.Count;
        ends.Add(((before.Maker < 0 ? 0 : ends[before.Maker].End) + Math.Max(0, action.Milliseconds), before));
        foreach (UInt128 output in action.Outputs)
            makers.TryAdd(output, number);
        return before.IsWhole;
    }

    /// <summary>The numbers of the actions of the longest chain, the last one first, with when each ends and what it takes of the one before.</summary>
    public IEnumerable<(int Action, long End, string Input)> Longest()
    {
        int last = -1;
        for (int i = 0; i < ends.Count; i++)
        {
            if (ends[i].End > 0 && (last < 0 || ends[i].End > ends[last].End))
                last = i;
        }

        for (; last >= 0; last = ends[last].Before.Maker)
            yield return (last, ends[last].End, ends[last].Before.Path);
    }

    private async ValueTask<Link> FindAsync(Digest directory, int depth, CancellationToken cancellationToken)
    {
        if (OutputKey.OfDirectory(directory) is not { } key)
            return none;
        if (directories.TryGetValue(key, out Link? known))
            return known;
        if (depth > limits.Depth || directories.Count >= limits.Directories)
        {
            IsCut = true;
            return none;
        }

        if (await ActionContent.ReadAsync(cas, directory, Reapi.Directory.Parser, ActionContent.MaxActionBytes, cancellationToken) is not { } content)
            return unknown; // it may be there when it is needed next
        Link best = makers.TryGetValue(key, out int whole) ? new Link(whole, "", IsWhole: true) : none;
        foreach (Reapi.FileNode file in content.Files)
        {
            if (directory.TryParseSibling(file.Digest, out Digest digest, out _) && OutputKey.OfFile(digest, file.Name) is { } made && makers.TryGetValue(made, out int maker))
                best = Later(best, new Link(maker, file.Name, IsWhole: true));
        }

        bool isWhole = true;
        foreach (Reapi.DirectoryNode child in content.Directories)
        {
            if (!directory.TryParseSibling(child.Digest, out Digest digest, out _))
                continue;
            Link link = await FindAsync(digest, depth + 1, cancellationToken);
            isWhole &= link.IsWhole;
            if (link.Maker >= 0)
                best = Later(best, link with { Path = link.Path.Length == 0 ? child.Name : $"{child.Name}/{link.Path}" });
        }

        return directories[key] = best with { IsWhole = isWhole };
    }

    private Link Later(Link one, Link other) => one.Maker < 0 || ends[other.Maker].End > ends[one.Maker].End ? other : one;

    /// <summary>Who makes something that is taken.</summary>
    /// <param name="Maker">The number of the action; −1 if nobody does.</param>
    /// <param name="Path">What it is called where it is taken.</param>
    /// <param name="IsWhole">False if not all could be read, among which it was looked for.</param>
    private sealed record Link(int Maker, string Path, bool IsWhole);
}
