using System.Buffers;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Composition;

/// <summary>One bulk question, split once among nodes that are asked at the same time.</summary>
/// <param name="nodes">The nodes.</param>
/// <param name="digests">The question.</param>
internal sealed class ShardLookUp(GatedStore[] nodes, IReadOnlyCollection<Digest> digests)
{
    /// <summary>What is missing, in order and once. A node that is out of reach misses all that it is asked.</summary>
    /// <param name="asked">For each digest the number of the node that is asked for it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async ValueTask<IReadOnlyCollection<Digest>> AskAsync(int[] asked, CancellationToken cancellationToken)
    {
        Digest[] sorted = ArrayPool<Digest>.Shared.Rent(asked.Length); // digests are large: a long question would be a large object each time
        try
        {
            ArraySegment<Digest>[] parts = Split(asked, sorted);
            Digest[][] answers = await Task.WhenAll(parts.Select((part, node) => part.Count == 0 ? Task.FromResult<Digest[]>([]) : AskAsync(nodes[node], part, cancellationToken)));
            return answers.Sum(answer => answer.Length) is > 0 and int count ? Merge(asked, answers, count) : [];
        }
        finally
        {
            ArrayPool<Digest>.Shared.Return(sorted);
        }
    }

    /// <summary>Puts the digests of each node side by side, in the order of the question.</summary>
    private ArraySegment<Digest>[] Split(int[] asked, Digest[] sorted)
    {
        int[] next = new int[nodes.Length + 1];
        foreach (int node in asked)
            next[node + 1]++;
        for (int node = 0; node < nodes.Length; node++)
            next[node + 1] += next[node];
        var parts = new ArraySegment<Digest>[nodes.Length];
        for (int node = 0; node < nodes.Length; node++)
            parts[node] = new ArraySegment<Digest>(sorted, next[node], next[node + 1] - next[node]);
        ReadOnlySpan<Digest> all = DigestSpan.Of(digests);
        for (int i = 0; i < all.Length; i++)
            sorted[next[asked[i]]++] = all[i];
        return parts;
    }

    /// <summary>Each answer is in the order of the question: so the first of it is where it is met.</summary>
    private Digest[] Merge(int[] asked, Digest[][] answers, int count)
    {
        var missing = new Digest[count];
        int[] next = new int[nodes.Length];
        int found = 0;
        ReadOnlySpan<Digest> all = DigestSpan.Of(digests);
        for (int i = 0; i < all.Length && found < count; i++)
        {
            int node = asked[i];
            if (next[node] < answers[node].Length && answers[node][next[node]] == all[i])
            {
                missing[found++] = all[i];
                next[node]++;
            }
        }

        return missing;
    }

    private static async Task<Digest[]> AskAsync(GatedStore node, ArraySegment<Digest> part, CancellationToken cancellationToken)
    {
        if (!node.Gate.IsClosed)
        {
            try
            {
                IReadOnlyCollection<Digest> answer = await node.FindMissingAsync(part, cancellationToken);
                return answer.Count == 0 ? [] : [.. answer];
            }
            catch (StoreUnavailableException)
            {
                // Its share is missing now; the gate has told.
            }
        }

        return [.. part.Distinct()];
    }
}
