namespace RemoteExec.EndToEnd.Tests.Cluster;

/// <summary>Storage nodes, shards of one or more mirrors each, and the front end that clients know: real processes, as they run on several machines.</summary>
internal sealed class TestCluster : IAsyncDisposable
{
    private readonly List<ServerProcess> nodes = [];
    private int mirrors;

    private TestCluster()
    {
    }

    /// <summary>What clients speak to.</summary>
    public ServerProcess Front { get; private set; } = null!;

    /// <summary>All storage nodes.</summary>
    public IReadOnlyList<ServerProcess> Nodes => nodes;

    /// <summary>A storage node by the number of its shard and its number in it.</summary>
    public ServerProcess this[int shard, int mirror = 0] => nodes[(shard * mirrors) + mirror];

    /// <summary>Starts one.</summary>
    /// <param name="shards">How many shards.</param>
    /// <param name="mirrors">How many nodes in each, which have the same blobs.</param>
    /// <param name="nodeFlags">Further flags of nodes, which may name their data directory.</param>
    /// <param name="frontFlags">Further flags of the front end.</param>
    /// <param name="environment">Variables for all of them.</param>
    public static async Task<TestCluster> StartAsync(
        int shards, int mirrors = 1, Func<int, string, string[]>? nodeFlags = null, string[]? frontFlags = null, IReadOnlyDictionary<string, string?>? environment = null)
    {
        var cluster = new TestCluster { mirrors = mirrors };
        try
        {
            for (int i = 0; i < shards * mirrors; i++)
            {
                int number = i;
                cluster.nodes.Add(await ServerProcess.StartAsync(environment, data => ["--workers", "0", .. nodeFlags?.Invoke(number, data) ?? []]));
            }

            cluster.Front = await ServerProcess.StartAsync(environment, _ => cluster.FrontFlags(Enumerable.Range(0, shards), frontFlags));
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>The flags of a front end before some of the shards.</summary>
    /// <param name="shards">The numbers of the shards.</param>
    /// <param name="further">Further flags.</param>
    /// <param name="joining">A shard that has joined the others just now.</param>
    public string[] FrontFlags(IEnumerable<int> shards, string[]? further = null, int? joining = null) =>
        ["--set", $"cas.store={{ shard: {{ nodes: [ {string.Join(", ", shards.Select(shard => Describe(shard, shard == joining ? ", state: joining" : "")))} ] }} }}", .. further ?? ["--workers", "0"]];

    public async ValueTask DisposeAsync()
    {
        if (Front is not null)
            await Front.DisposeAsync();
        foreach (ServerProcess node in nodes)
            await node.DisposeAsync();
    }

    /// <summary>A shard as it stands in the configuration.</summary>
    private string Describe(int shard, string more)
    {
        IEnumerable<string> remotes = Enumerable.Range(0, mirrors).Select(mirror => $"{{ remote: {{ url: \"grpc://{this[shard, mirror].GrpcAddress}\", patience: 0s }} }}");
        string store = mirrors == 1 ? remotes.Single() : $"{{ mirror: {{ stores: [ {string.Join(", ", remotes)} ] }} }}";
        return $"{{ name: s{shard}, store: {store}{more} }}";
    }
}
