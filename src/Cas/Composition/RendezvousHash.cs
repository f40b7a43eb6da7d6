using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Composition;

/// <summary>
/// Weighted rendezvous hashing: gives each digest an order of nodes that follows from the nodes' names and weights and the digest's hash alone, the same in every process and however the nodes
/// are listed. A node is first for its share of digests, which is its part of all weights; if one comes or goes, the others keep their order.
/// </summary>
/// <remarks>
/// A node's score is −weight / ln(u), with u from (0, 1) drawn by a hash of its name and the first eight bytes of the digest's hash (Thaler and Ravishankar, with the weights of Schindelhauer and
/// Schomaker). It grows with u, so for equal weights u itself is compared. Nothing is allocated.
/// </remarks>
internal sealed class RendezvousHash
{
    private readonly ulong[] seeds;
    private readonly double[] weights;
    private readonly bool isWeighted;

    /// <param name="nodes">The nodes' names, which differ, and weights, which are positive.</param>
    public RendezvousHash(IReadOnlyList<(string Name, int Weight)> nodes)
    {
        seeds = [.. nodes.Select(node => SeedOf(node.Name))];
        weights = [.. nodes.Select(node => (double)node.Weight)];
        isWeighted = nodes.Any(node => node.Weight != nodes[0].Weight);
    }

    /// <summary>The node that comes first among some; −1 if there is none.</summary>
    /// <param name="digest">For which digest; its instance, function and size count for nothing.</param>
    /// <param name="among">Numbers of nodes.</param>
    public int FirstOf(in Digest digest, ReadOnlySpan<int> among)
    {
        ulong key = KeyOf(digest);
        int first = -1;
        double best = double.NegativeInfinity;
        foreach (int node in among)
        {
            double score = ScoreOf(node, key);
            if (score > best)
                (first, best) = (node, score);
        }

        return first;
    }

    /// <summary>Fills in all nodes' numbers, the first first.</summary>
    public void Order(in Digest digest, Span<int> order)
    {
        ulong key = KeyOf(digest);
        Span<double> scores = stackalloc double[seeds.Length];
        for (int node = 0; node < seeds.Length; node++)
        {
            scores[node] = -ScoreOf(node, key);
            order[node] = node;
        }

        scores.Sort(order);
    }

    private double ScoreOf(int node, ulong key)
    {
        double u = ((Mix(key ^ seeds[node]) >> 11) + 0.5) / (1L << 53);
        return isWeighted ? -weights[node] / Math.Log(u) : u;
    }

    private static ulong KeyOf(in Digest digest) => BinaryPrimitives.ReadUInt64LittleEndian(digest.HashSpan);

    private static ulong SeedOf(string name)
    {
        ulong seed = 0;
        foreach (byte part in Encoding.UTF8.GetBytes(name))
            seed = Mix(BitOperations.RotateLeft(seed, 8) ^ part ^ 0x9E3779B97F4A7C15);
        return seed;
    }

    /// <summary>The finalizer of SplitMix64: each bit of the result depends on each bit of the value.</summary>
    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
