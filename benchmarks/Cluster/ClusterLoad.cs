using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using RemoteExec.Benchmarks.Uploads;
using RemoteExec.Cas;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Benchmarks.Cluster;

/// <summary>What a front end before three nodes costs beside one node alone: CPU of all servers together, for look-ups, writes and reads, in turns.</summary>
internal static class ClusterLoad
{
    private const int Nodes = 3;
    private const int LookUpDigests = 10_000;
    private static readonly (string Name, int Bytes, int Count)[] sizes = [("1 KiB", 1 << 10, 4_000), ("1 MiB", 1 << 20, 200)];

    /// <summary>Runs it; the arguments are the server, and perhaps <c>--json</c>, <c>--rounds N</c> and <c>--case TEXT</c>, a part of the names of what is to be measured.</summary>
    public static async Task<int> RunAsync(string program, string[] flags)
    {
        int at = Array.IndexOf(flags, "--rounds");
        int rounds = at < 0 ? 5 : int.Parse(flags[at + 1], CultureInfo.InvariantCulture);
        at = Array.IndexOf(flags, "--case");
        string wanted = at < 0 ? "" : flags[at + 1];
        await using var single = await Fleet.StartSingleAsync(program);
        await using var sharded = await Fleet.StartShardedAsync(program, Nodes);
        var results = new Dictionary<string, List<(double Single, double Sharded)>>(StringComparer.Ordinal);
        Digest[] digests = await PrepareAsync(single, sharded);
        for (int round = 0; round <= rounds; round++)
        {
            await CompareAsync($"FindMissing x {LookUpDigests}, all present", fleet => LookUpAsync(fleet, digests, 0));
            await CompareAsync($"FindMissing x {LookUpDigests}, all missing", fleet => LookUpAsync(fleet, Absent(digests), LookUpDigests));
            foreach ((string name, int bytes, int count) in sizes)
            {
                int seed = round * 1_000_000;
                await CompareAsync($"write {name}", fleet => WriteAsync(fleet, bytes, count, seed));
                await CompareAsync($"read {name}", fleet => ReadAsync(fleet, bytes, count, seed));
            }

            if (round == 0)
                results.Clear(); // warmed up
        }

        Report(results, flags.Contains("--json"));
        return 0;

        async Task CompareAsync(string name, Func<Fleet, Task<int>> work)
        {
            if (!name.Contains(wanted, StringComparison.OrdinalIgnoreCase))
                return;
            (double one, double many) = (await single.MeasureAsync(work), await sharded.MeasureAsync(work));
            if (!results.TryGetValue(name, out List<(double, double)>? list))
                results[name] = list = [];
            list.Add((one, many));
        }
    }

    private static async Task<Digest[]> PrepareAsync(params Fleet[] fleets)
    {
        var digests = new Digest[LookUpDigests];
        for (int i = 0; i < digests.Length; i++)
        {
            byte[] content = Content(-1, i, 100);
            digests[i] = IncrementalHasher.Compute(default, DigestFunction.Sha256, content);
            foreach (Fleet fleet in fleets)
                await fleet.Store.WriteAllAsync(digests[i], content, CancellationToken.None);
        }

        return digests;
    }

    private static Digest[] Absent(Digest[] digests) => [.. digests.Select(digest => Digest.Create(default, digest.Function, digest.HashSpan, digest.SizeBytes + 1))];

    private static async Task<int> LookUpAsync(Fleet fleet, Digest[] digests, int expected)
    {
        const int Calls = 200;
        for (int i = 0; i < Calls; i++)
        {
            int missing = (await fleet.Store.FindMissingAsync(digests, CancellationToken.None)).Count;
            if (missing != expected)
                throw new InvalidOperationException($"{missing} are missing and not {expected}");
        }

        return Calls;
    }

    private static async Task<int> WriteAsync(Fleet fleet, int bytes, int count, int seed)
    {
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (i, token) =>
        {
            byte[] content = Content(seed, i, bytes);
            await fleet.Store.WriteAllAsync(IncrementalHasher.Compute(default, DigestFunction.Sha256, content), content, token);
        });
        return count;
    }

    private static async Task<int> ReadAsync(Fleet fleet, int bytes, int count, int seed)
    {
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (i, token) =>
        {
            byte[] content = Content(seed, i, bytes);
            byte[]? read = await fleet.Store.ReadAllAsync(IncrementalHasher.Compute(default, DigestFunction.Sha256, content), bytes, token);
            if (read is null || !read.AsSpan().SequenceEqual(content))
                throw new InvalidOperationException("something else was read than was written");
        });
        return count;
    }

    private static byte[] Content(int seed, int number, int length)
    {
        var content = new byte[length];
        new Random(HashCode.Combine(seed, number) & int.MaxValue).NextBytes(content);
        BitConverter.TryWriteBytes(content, seed);
        BitConverter.TryWriteBytes(content.AsSpan(4), number);
        return content;
    }

    private static void Report(Dictionary<string, List<(double Single, double Sharded)>> results, bool asJson)
    {
        var lines = results.Select(result => new
        {
            operation = result.Key,
            singleMicroseconds = Median(result.Value.Select(pair => pair.Single)),
            shardedMicroseconds = Median(result.Value.Select(pair => pair.Sharded)),
            ratio = Median(result.Value.Select(pair => pair.Sharded / pair.Single)),
        }).ToList();
        if (asJson)
        {
            Console.WriteLine(JsonSerializer.Serialize(lines));
            return;
        }

        Console.WriteLine($"{"CPU per operation",-36} {"one node",12} {$"front + {Nodes}",12} {"ratio",7}");
        foreach (var line in lines)
            Console.WriteLine($"{line.operation,-36} {line.singleMicroseconds,9:N0} us {line.shardedMicroseconds,9:N0} us {line.ratio.ToString("N2", CultureInfo.InvariantCulture),7}");
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    /// <summary>Servers, and the way to the one that clients know.</summary>
    private sealed class Fleet : IAsyncDisposable
    {
        private readonly List<MeasuredServer> servers = [];
        private RpcChannel channel = null!;

        public IBlobStore Store { get; private set; } = null!;

        public static async Task<Fleet> StartSingleAsync(string program)
        {
            var fleet = new Fleet();
            fleet.servers.Add(await MeasuredServer.StartAsync(program, []));
            return fleet.Connect();
        }

        public static async Task<Fleet> StartShardedAsync(string program, int nodes)
        {
            var fleet = new Fleet();
            for (int i = 0; i < nodes; i++)
                fleet.servers.Add(await MeasuredServer.StartAsync(program, []));
            IEnumerable<string> parts = fleet.servers.Select((node, i) => $$"""{ name: n{{i}}, store: { remote: { url: "grpc://{{node.Grpc}}" } } }""");
            fleet.servers.Add(await MeasuredServer.StartAsync(program, ["--set", $$"""cas.store={ shard: { nodes: [ {{string.Join(", ", parts)}} ] } }"""]));
            return fleet.Connect();
        }

        /// <summary>The CPU of all servers for one operation, in microseconds.</summary>
        public async Task<double> MeasureAsync(Func<Fleet, Task<int>> work)
        {
            TimeSpan before = Cpu();
            int operations = await work(this);
            return (Cpu() - before).TotalMicroseconds / operations;
        }

        public async ValueTask DisposeAsync()
        {
            await channel.DisposeAsync();
            foreach (MeasuredServer server in servers)
                await server.DisposeAsync();
        }

        private Fleet Connect()
        {
            channel = new RpcChannel(RpcAddress.Parse($"grpc://{servers[^1].Grpc}"));
            Store = new RemoteStore(channel, TimeSpan.Zero, TimeProvider.System);
            return this;
        }

        private TimeSpan Cpu() => servers.Aggregate(TimeSpan.Zero, (sum, server) => sum + server.Cpu);
    }
}
