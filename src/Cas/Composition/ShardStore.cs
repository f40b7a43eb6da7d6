using Microsoft.Extensions.Logging;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Composition;

/// <summary>
/// Makes one store out of several nodes, each of which owns a share of the digests (<see cref="RendezvousHash"/>). A node that is out of reach makes what it owns <em>missing</em>, and no error; what is
/// written meanwhile goes to the next in the digest's order, and is found there.
/// </summary>
/// <remarks>
/// A node is believed to know all that it owns, unless it was out of reach within the time of hand-off or is joining: then what it misses is asked of the next in order too, read from there, and
/// copied to it in the background. What the new owner of a draining node's digest misses is asked of the draining node. An error reaches the caller in two cases: a write that no node takes, and a
/// read or a long write that breaks off, which may begin anew. Under a digest that is not that of its value, the next in order may keep an older value than the owner; the owner's counts.
/// </remarks>
public sealed class ShardStore : IBlobStore, IAsyncDisposable
{
    private readonly string name;
    private readonly TimeSpan handoff;
    private readonly ShardNodeState[] states;
    private readonly GatedStore[] nodes;
    private readonly int[] owners; // the numbers of those that are written to
    private readonly RendezvousHash hash;
    private readonly Replicator replicator;

    /// <summary>Makes the store; disposing it ends its background work, and leaves the nodes open.</summary>
    /// <param name="name">The name in errors and in the log.</param>
    /// <param name="nodes">At least one that is not draining; their names differ.</param>
    /// <param name="handoff">How long a node that is back is not believed to know everything.</param>
    /// <param name="timeout">How long a node may take for a look-up, for opening, and for each piece.</param>
    /// <param name="logger">Told when nodes go and come.</param>
    /// <param name="time">The clock.</param>
    public ShardStore(string name, IReadOnlyList<ShardNode> nodes, TimeSpan handoff, TimeSpan timeout, ILogger logger, TimeProvider time)
    {
        this.name = name;
        replicator = new Replicator(new ReplicatorOptions { Name = name }, logger, time);
        this.handoff = handoff;
        states = [.. nodes.Select(node => node.State)];
        this.nodes = [.. nodes.Select(node => new GatedStore(node.Store, new NodeGate($"{name}.{node.Name}", timeout, logger, time, replicator.TryAgain)))];
        owners = [.. Enumerable.Range(0, nodes.Count).Where(node => states[node] != ShardNodeState.Draining)];
        hash = new RendezvousHash([.. nodes.Select(node => (node.Name, node.Weight))]);
    }

    /// <summary>Whether the nodes are within reach, in their order.</summary>
    public IReadOnlyList<NodeStatus> Nodes => [.. nodes.Select(node => node.Gate.Status)];

    /// <summary>How many values wait to be copied from one node to another.</summary>
    public int PendingCopies => replicator.Pending;

    /// <summary>What copies between nodes.</summary>
    internal Replicator Replicator => replicator;

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken)
    {
        var lookUp = new ShardLookUp(this.nodes, digests);
        IReadOnlyCollection<Digest> missing = await lookUp.AskAsync(OwnersOf(digests), cancellationToken);
        if (missing.Count == 0 || (owners.Length == nodes.Length && owners.All(IsTrusted)))
            return missing;

        HashSet<Digest> found = [];
        Digest[] pending = [.. missing];
        for (int step = 1; pending.Length > 0; step++)
        {
            int[] asked = new int[pending.Length];
            int count = 0;
            bool[] trusted = [.. Enumerable.Range(0, nodes.Length).Select(IsTrusted)];
            for (int i = 0; i < pending.Length; i++)
            {
                int node = CandidateOf(pending[i], step, trusted);
                if (node >= 0)
                    (pending[count], asked[count++]) = (pending[i], node);
            }

            pending = pending[..count];
            HashSet<Digest> still = [.. await new ShardLookUp(nodes, pending).AskAsync(asked[..count], cancellationToken)];
            for (int i = 0; i < count; i++)
            {
                if (!still.Contains(pending[i]) && found.Add(pending[i]))
                    CopyToOwner(pending[i], asked[i]);
            }

            pending = [.. pending.Where(still.Contains)];
        }

        return found.Count == 0 ? missing : [.. missing.Where(digest => !found.Contains(digest))];
    }

    /// <inheritdoc/>
    public async ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken)
    {
        for (int step = 0; ; step++)
        {
            int node = step == 0 ? hash.FirstOf(digest, owners) : CandidateOf(digest, step, [.. Enumerable.Range(0, nodes.Length).Select(IsTrusted)]);
            if (node < 0)
                return null;
            if (nodes[node].Gate.IsClosed)
                continue;
            try
            {
                if (await nodes[node].OpenReadAsync(digest, offset, cancellationToken) is { } reader)
                {
                    if (step > 0)
                        CopyToOwner(digest, node);
                    return reader;
                }
            }
            catch (StoreUnavailableException)
            {
                // Its share is missing now; the gate has told.
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        if (length <= BufferedWriter.MaxBytes)
        {
            return new BufferedWriter((int)length, async (content, token) => await TryInOrderAsync(digest, async node =>
            {
                await node.WriteAllAsync(digest, content, token);
                return true;
            }));
        }

        return new ShardWriter(name, await TryInOrderAsync(digest, node => node.OpenWriteAsync(digest, length, cancellationToken)));
    }

    /// <summary>Ends what is copied in the background.</summary>
    public ValueTask DisposeAsync() => replicator.DisposeAsync();

    /// <summary>Asks the nodes that are written to, in the digest's order, until one is within reach.</summary>
    private async ValueTask<T> TryInOrderAsync<T>(Digest digest, Func<IBlobStore, ValueTask<T>> attempt)
    {
        int[] order = new int[nodes.Length];
        hash.Order(digest, order);
        StoreUnavailableException? failure = null;
        foreach (int node in order)
        {
            if (states[node] == ShardNodeState.Draining || nodes[node].Gate.IsClosed)
                continue;
            try
            {
                return await attempt(nodes[node]);
            }
            catch (StoreUnavailableException exception)
            {
                failure = exception;
            }
        }

        throw new StoreUnavailableException(name, failure ?? (Exception)new IOException("none of its nodes is within reach")) { MayBeginAnew = failure is not null };
    }

    private int[] OwnersOf(IReadOnlyCollection<Digest> digests)
    {
        int[] result = new int[digests.Count];
        ReadOnlySpan<Digest> all = DigestSpan.Of(digests);
        for (int i = 0; i < result.Length; i++)
            result[i] = hash.FirstOf(all[i], owners);
        return result;
    }

    /// <summary>Whether what a node misses, of what it owns, is nowhere else.</summary>
    private bool IsTrusted(int node) => states[node] == ShardNodeState.Active && !nodes[node].Gate.WasDownWithin(handoff);

    /// <summary>
    /// The node that is asked for a digest in a step; −1 if no further one is. First the owner, then the draining nodes that had it, then those in order that it may have been handed to.
    /// That some are trusted no longer only makes the list longer.
    /// </summary>
    private int CandidateOf(in Digest digest, int step, ReadOnlySpan<bool> trusted)
    {
        Span<int> order = stackalloc int[nodes.Length], drained = stackalloc int[nodes.Length], others = stackalloc int[nodes.Length];
        hash.Order(digest, order);
        int drainedCount = 0, othersCount = 0;
        foreach (int node in order)
        {
            if (states[node] == ShardNodeState.Draining)
            {
                drained[drainedCount++] = node;
                continue;
            }

            others[othersCount++] = node;
            if (trusted[node])
                break;
        }

        if (step == 0)
            return others[0];
        if (step <= drainedCount)
            return drained[step - 1];
        return step - drainedCount < othersCount ? others[step - drainedCount] : -1;
    }

    private void CopyToOwner(in Digest digest, int from)
    {
        GatedStore owner = nodes[hash.FirstOf(digest, owners)];
        if (!owner.Gate.IsClosed)
            replicator.Enqueue(digest, nodes[from], owner);
    }
}
