using RemoteExec.Cas;
using RemoteExec.Cas.Stores.S3;
using RemoteExec.Protocol;

namespace RemoteExec.Integration.Tests.S3;

/// <summary>Whatever happens to nodes that share a prefix, and to their Redis: what a node says is there can be read.</summary>
public sealed class S3SharedModelTests(S3Gateway gateway)
{
    private static readonly string[] names = ["a", "b", "c"];
    private static readonly TestBlob[] blobs = SharedPrefix.Blobs(0, 60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    [Rule("CAS-04")]
    public async Task What_a_node_calls_present_can_be_read_at_once()
    {
        for (int number = 0; number < Chance.Effort; number++)
        {
            Chance chance = Chance.Create().ForCase(number);
            await using SharedPrefix shared = await SharedPrefix.CreateAsync(gateway);
            await using var nodes = new Nodes(shared, chance.Random);
            for (int step = 0; step < 50; step++)
            {
                string done = await nodes.StepAsync();
                await nodes.CheckAsync($"{chance}, case {number}, step {step}: {done}");
            }

            await nodes.HealAsync();
            await nodes.CheckAsync($"{chance}, at the end");
        }
    }

    private sealed class Nodes(SharedPrefix shared, Random random) : IAsyncDisposable
    {
        private readonly Dictionary<string, S3Store> open = [];
        private readonly Dictionary<string, int> lives = []; // how often the machine of a node was replaced

        public async Task<string> StepAsync()
        {
            string name = names[random.Next(names.Length)];
            if (!open.TryGetValue(name, out S3Store? node))
            {
                open[name] = await shared.Bucket.OpenAsync(OptionsOf(name), shared.Time);
                return $"{name} starts";
            }

            switch (random.Next(20))
            {
                case < 4:
                    foreach (TestBlob blob in random.GetItems(blobs, 15))
                        await node.WriteAllAsync(blob.Digest, blob.Content, Token);
                    return $"{name} writes";
                case < 10:
                    var time = TimeSpan.FromMinutes(random.Next(10, 150));
                    for (; time > TimeSpan.Zero; time -= TimeSpan.FromMinutes(15))
                    {
                        shared.Time.Advance(time < TimeSpan.FromMinutes(15) ? time : TimeSpan.FromMinutes(15));
                        await FollowAsync();
                    }

                    return "time goes by";
                case < 15:
                    await TryAsync(async () => await node.Maintenance.TendAsync(Token));
                    return $"{name} looks after the bucket";
                case 15 or 19:
                    FaultyLink link = shared.LinkOf(name);
                    link.Set(link.State == LinkState.Up ? LinkState.Down : LinkState.Up);
                    return $"the link of {name} is {link.State}";
                case 16 when random.Next(3) == 0:
                    await shared.Redis.AskAsync("flushall");
                    return "Redis loses everything";
                case 17:
                    open.Remove(name);
                    await node.AbandonAsync();
                    if (random.Next(2) == 0)
                        return $"{name} is killed";
                    lives[name] = lives.GetValueOrDefault(name) + 1;
                    return $"{name} is lost";
                case 18 when random.Next(2) == 0:
                    open.Remove(name);
                    await node.DisposeAsync();
                    return $"{name} is stopped";
                default:
                    await FollowAsync();
                    return "all follow";
            }
        }

        /// <summary>Each node that is there is asked for some blobs.</summary>
        public async Task CheckAsync(string after)
        {
            foreach ((string name, S3Store node) in open)
            {
                try
                {
                    await SharedPrefix.FindAsync(node, random.GetItems(blobs, 8).Distinct()); // few: what is asked for is used, and stays
                }
                catch (Exception failure)
                {
                    throw new InvalidOperationException($"{after}: {name} said that a blob is there", failure);
                }
            }
        }

        /// <summary>All is well again: every node finds what any of them has.</summary>
        public async Task HealAsync()
        {
            foreach (string name in names)
            {
                shared.LinkOf(name).Set(LinkState.Up);
                if (!open.ContainsKey(name))
                    open[name] = await shared.Bucket.OpenAsync(OptionsOf(name), shared.Time);
            }

            await SharedPrefix.WriteAsync(open["a"], blobs.Take(10));
            foreach (S3Store node in open.Values)
                await SharedPrefix.TendAsync(node);
            await SharedPrefix.SyncAsync(open.Values);
            foreach (S3Store node in open.Values)
            {
                while (node.Spool.Backlog > 0)
                {
                    shared.Time.Advance(TimeSpan.FromSeconds(10));
                    await SharedPrefix.SyncAsync(open.Values);
                }
            }

            await SharedPrefix.SyncAsync(open.Values);
            foreach (S3Store node in open.Values)
                Assert.Equal(10, (await SharedPrefix.FindAsync(node, blobs.Take(10))).Count);
        }

        public async ValueTask DisposeAsync()
        {
            foreach (S3Store node in open.Values)
                await node.AbandonAsync();
        }

        private S3StoreOptions OptionsOf(string name) => shared.Options(name) with
        {
            Path = shared.Bucket.PathOf($"{name}{lives.GetValueOrDefault(name)}"),
            PackBytes = 16 << 10,
            LargeBytes = 8 << 10, // each blob is a pack by itself
            MaxBytes = 300 << 10,
            Acknowledge = S3Acknowledgement.Local,
        };

        private async Task FollowAsync()
        {
            foreach (S3Store node in open.Values)
                await TryAsync(async () => await node.Feed!.SyncAsync(Token));
        }

        private static async Task TryAsync(Func<Task> act)
        {
            try
            {
                await act();
            }
            catch (StoreUnavailableException)
            {
                // Its Redis is away.
            }
        }
    }
}
