using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas.Composition;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Composition;

/// <summary>Nodes go and come at random, and what is promised holds at every step.</summary>
public sealed class ShardAndMirrorModelTests
{
    private const int Steps = 400;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    [Rule("CAS-04")]
    public async Task What_a_shard_calls_present_can_be_read_and_what_is_down_is_missing_and_no_error()
    {
        var seed = Chance.Create();
        for (int number = 0; number < 10 * Chance.Effort; number++)
        {
            Chance chance = seed.ForCase(number);
            var time = new ManualTimeProvider();
            FailingNode[] nodes = [.. Enumerable.Range(0, 4).Select(_ => new FailingNode())];
            await using var store = new ShardStore(
                "shards",
                [.. nodes.Select((node, i) => new ShardNode($"n{i}", node.Store, chance.Random.Next(1, 4), i < 2 ? ShardNodeState.Active : (ShardNodeState)chance.Random.Next(3)))],
                TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(10), NullLogger.Instance, time);

            await RunAsync(store, store.Replicator, nodes, writable: 2, time, chance, mayMiss: true);
        }
    }

    [Fact]
    [Rule("CAS-04")]
    public async Task What_a_mirror_calls_present_can_be_read_and_nothing_fails_while_a_member_is_there()
    {
        var seed = Chance.Create();
        for (int number = 0; number < 10 * Chance.Effort; number++)
        {
            Chance chance = seed.ForCase(number);
            var time = new ManualTimeProvider();
            FailingNode[] nodes = [.. Enumerable.Range(0, 3).Select(_ => new FailingNode())];
            await using var store = new MirrorStore(
                "mirror", [.. nodes.Select((node, i) => ($"n{i}", (IBlobStore)node.Store))], TimeSpan.FromSeconds(10), NullLogger.Instance, time);

            await RunAsync(store, store.Replicator, nodes, writable: 3, time, chance, mayMiss: false);
        }
    }

    /// <param name="store">The store.</param>
    /// <param name="replicator">What it does in the background.</param>
    /// <param name="nodes">What it is made of.</param>
    /// <param name="writable">How many of them, the first, are written to in any case.</param>
    /// <param name="time">Its clock.</param>
    /// <param name="chance">What happens.</param>
    /// <param name="mayMiss">Whether look-ups and reads answer with all nodes down; else they fail then, and only then.</param>
    private static async Task RunAsync(IBlobStore store, Replicator replicator, FailingNode[] nodes, int writable, ManualTimeProvider time, Chance chance, bool mayMiss)
    {
        TestBlob[] blobs = [.. Enumerable.Range(0, 30).Select(i => TestBlob.Random(i, 50 + i))];
        Digest[] digests = [.. blobs.Select(blob => blob.Digest)];
        HashSet<Digest> written = [];
        for (int step = 0; step < Steps; step++)
        {
            TestBlob blob = blobs[chance.Random.Next(blobs.Length)];
            bool isReachable = nodes.Take(writable).Any(node => !node.IsDown);
            int action = chance.Random.Next(8);
            string place = $"{chance}, step {step}";
            try
            {
                switch (action)
                {
                    case 0:
                        FailingNode node = nodes[chance.Random.Next(nodes.Length)];
                        await replicator.WhenIdleAsync(); // else it might learn late of what was
                        node.IsDown = !node.IsDown;
                        time.Advance(TimeSpan.FromSeconds(31)); // whoever is back is tried
                        await replicator.WhenIdleAsync();
                        break;
                    case 1 or 2:
                        await store.WriteAllAsync(blob.Digest, blob.Content, Token);
                        written.Add(blob.Digest);
                        break;
                    case 3:
                        bool isThere = await store.ReadAllAsync(blob.Digest, 1000, Token) is { } content && content.AsSpan().SequenceEqual(blob.Content);
                        Assert.True(written.Contains(blob.Digest) || !isThere, place);
                        break;
                    default:
                        HashSet<Digest> missing = [.. await store.FindMissingAsync(digests, Token)];
                        foreach (TestBlob present in blobs.Where(one => !missing.Contains(one.Digest)))
                        {
                            Assert.True(written.Contains(present.Digest), place);
                            byte[]? read = await store.ReadAllAsync(present.Digest, 1000, Token);
                            Assert.True(present.Content.AsSpan().SequenceEqual(read), place);
                        }

                        Assert.True(mayMiss || !isReachable || nodes.Any(one => one.IsDown) || written.All(one => !missing.Contains(one)), place);
                        break;
                }
            }
            catch (StoreUnavailableException exception)
            {
                Assert.False(isReachable, $"{place}: {exception}");
                Assert.True(!mayMiss || action is 1 or 2, $"{place}: {exception}");
            }
        }
    }
}
