using FsCheck;
using FsCheck.Fluent;
using RemoteExec.Cas.Composition;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Composition;

public sealed class RendezvousHashTests
{
    private static readonly Digest[] digests = [.. Enumerable.Range(0, 20_000).Select(i => TestBlob.Of(BitConverter.GetBytes(i)).Digest)];

    private static readonly Gen<(string Name, int Weight)[]> nodes =
        from count in Gen.Choose(1, 12)
        from offset in Gen.Choose(0, 1000)
        from weights in Gen.ListOf(Gen.Choose(1, 4), count)
        select weights.Select((weight, i) => ($"node-{offset + i}", weight)).ToArray();

    [Fact]
    public void Each_node_is_first_for_its_part_of_all_weights() =>
        Prop.ForAll(Arb.From(nodes), nodes =>
        {
            int[] counts = Count(nodes);

            double total = nodes.Sum(node => node.Weight);
            for (int i = 0; i < nodes.Length; i++)
            {
                // Six standard deviations of what chance gives: one in half a billion.
                double share = nodes[i].Weight / total, deviation = Math.Sqrt(digests.Length * share * (1 - share));
                Assert.InRange(counts[i], (digests.Length * share) - (6 * deviation), (digests.Length * share) + (6 * deviation));
            }
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_node_that_comes_takes_its_share_and_nothing_else_moves() =>
        Prop.ForAll(Arb.From(nodes), Arb.From(Gen.Choose(1, 4)), (nodes, weight) =>
        {
            (string Name, int Weight)[] more = [.. nodes, ("comes", weight)];
            RendezvousHash before = new(nodes), after = new(more);
            int[] amongBefore = [.. Enumerable.Range(0, nodes.Length)], amongAfter = [.. Enumerable.Range(0, more.Length)];

            foreach (Digest digest in digests.AsSpan(0, 2000))
            {
                int now = after.FirstOf(digest, amongAfter);
                Assert.True(now == nodes.Length || now == before.FirstOf(digest, amongBefore));
            }
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_order_in_which_nodes_are_listed_counts_for_nothing() =>
        Prop.ForAll(Arb.From(nodes), nodes =>
        {
            (string Name, int Weight)[] backwards = [.. nodes.Reverse()];
            RendezvousHash one = new(nodes), other = new(backwards);
            int[] first = new int[nodes.Length], second = new int[nodes.Length];

            foreach (Digest digest in digests.AsSpan(0, 500))
            {
                one.Order(digest, first);
                other.Order(digest, second);
                Assert.Equal(first.Select(node => nodes[node].Name), second.Select(node => backwards[node].Name));
                Assert.Equal(first[0], one.FirstOf(digest, first));
            }
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Shares_are_the_same_in_every_process_and_every_version()
    {
        var hash = new RendezvousHash([("one", 1), ("two", 1), ("three", 2)]);

        Assert.Equal("2022000002221220222222221210222122110202", string.Concat(digests.Take(40).Select(digest => hash.FirstOf(digest, [0, 1, 2]))));
    }

    [Fact]
    public void Instance_function_and_size_count_for_nothing()
    {
        var hash = new RendezvousHash([("one", 1), ("two", 1), ("three", 1)]);
        int[] among = [0, 1, 2];

        Assert.All(digests.Take(100), digest =>
        {
            Digest elsewhere = Digest.Create(InstanceName.Parse("other"), DigestFunction.Blake3, digest.HashSpan, 7);
            Assert.Equal(hash.FirstOf(digest, among), hash.FirstOf(elsewhere, among));
        });
    }

    private static int[] Count((string Name, int Weight)[] nodes)
    {
        var hash = new RendezvousHash(nodes);
        int[] counts = new int[nodes.Length], among = [.. Enumerable.Range(0, nodes.Length)];
        foreach (Digest digest in digests)
            counts[hash.FirstOf(digest, among)]++;
        return counts;
    }
}
