namespace RemoteExec.Cas.Stores.S3;

/// <summary>
/// Of a prefix that nodes share: one of them collects, who has the lease. It says in the log what leaves, and deletes an object when every node has forgotten it. A node that was silent for an hour is waited for no more: it
/// believes itself for half of that.
/// </summary>
internal sealed class SharedPackRemoval(PackFeed feed, LocalPresence presence, Bucket bucket, TimeProvider time) : IPackRemoval
{
    private static readonly TimeSpan silence = TimeSpan.FromHours(1);
    private static readonly TimeSpan retention = TimeSpan.FromDays(1); // of entries of the log
    private static readonly TimeSpan permission = TimeSpan.FromMinutes(1); // how long it may take from being allowed to delete to doing it
    private const int DeletedAtATime = 500;

    private readonly Dictionary<string, (string Known, long Since)> nodes = []; // as they were seen last, and since when they are like that
    private readonly Queue<(long Timestamp, long Number)> marks = []; // of the log, by time
    private string epoch = "";
    private IReadOnlySet<PackName> listed = new HashSet<PackName>();

    /// <inheritdoc/>
    public IReadOnlySet<PackName> Leaving => feed.Leaving;

    /// <inheritdoc/>
    public async Task<bool> BeginAsync(IReadOnlySet<PackName> listed, CancellationToken cancellationToken)
    {
        this.listed = listed;

        // In a new log not every node may be known yet, nor every use.
        (string current, TimeSpan age, long cursor) = feed.Position;
        if (current != epoch)
        {
            epoch = current;
            nodes.Clear();
            marks.Clear();
        }

        marks.Enqueue((time.GetTimestamp(), cursor));
        await LookAsync(cancellationToken);
        if (!feed.IsCertain || age < silence || !await feed.Log.LeadAsync(cancellationToken))
            return false;
        IReadOnlyDictionary<PackName, uint> uses = await feed.Log.UsesAsync(cancellationToken);
        presence.ApplyUses(uses);
        await feed.Log.ForgetUsesAsync(uses.Keys.Where(pack => !listed.Contains(pack) && !presence.Knows(pack)), cancellationToken);
        return true;
    }

    /// <inheritdoc/>
    public async Task<int> DeleteAsync(CancellationToken cancellationToken)
    {
        long cut = 0;
        while (marks.TryPeek(out (long Timestamp, long Number) mark) && time.GetElapsedTime(mark.Timestamp) >= retention)
            cut = marks.Dequeue().Number;
        var gone = nodes.Where(node => time.GetElapsedTime(node.Value.Since) >= silence).ToDictionary(node => node.Key, node => node.Value.Known);
        int deleted = 0;
        foreach (PackName[] some in feed.Leaving.Where(listed.Contains).Chunk(DeletedAtATime).DefaultIfEmpty([]))
        {
            long asked = time.GetTimestamp();
            foreach (PackName pack in await feed.Log.ReleaseAsync(epoch, cut, gone, some, cancellationToken))
            {
                if (time.GetElapsedTime(asked) > permission)
                    break;
                await bucket.DeleteAsync(pack.Key, cancellationToken);
                deleted++;
            }
        }

        return deleted;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<PackName>> RetireAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<PackName> dead = presence.Dead();
        feed.Leave(dead);
        await feed.SyncAsync(cancellationToken);
        await presence.CheckpointAsync(cancellationToken);
        return dead;
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        IReadOnlyDictionary<string, string> now = await feed.Log.NodesAsync(cancellationToken);
        foreach (string node in nodes.Keys.Where(node => !now.ContainsKey(node)).ToArray())
            nodes.Remove(node);
        foreach ((string node, string known) in now)
        {
            if (!nodes.TryGetValue(node, out (string Known, long Since) before) || before.Known != known)
                nodes[node] = (known, time.GetTimestamp());
        }
    }
}
