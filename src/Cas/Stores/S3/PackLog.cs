using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using RemoteExec.Redis;

namespace RemoteExec.Cas.Stores.S3;

/// <summary>
/// What nodes that share a prefix tell each other, in Redis: which packs come and go, in one order for all; how far each node has followed; when packs were used; who collects the garbage. Every call is a <see cref="StoreUnavailableException"/>
/// while Redis is out of reach.
/// </summary>
internal sealed class PackLog : IAsyncDisposable
{
    /// <summary>How many entries are read at a time.</summary>
    public const int PageLength = 5000;

    private const int PacksAtATime = 1000; // Redis serves one call after the other
    private static readonly TimeSpan lease = TimeSpan.FromHours(2);

    private readonly string name;
    private readonly RedisConnection redis;
    private readonly string[] keys;
    private readonly string node;
    private readonly string run = NewId();

    /// <summary>Begins to connect.</summary>
    public PackLog(S3StoreOptions options, string node, ILogger logger)
    {
        S3Sharing sharing = options.Shared!;
        name = options.Name;
        this.node = node;
        string start = $"{sharing.KeyPrefix}{{{options.Bucket}/{options.Prefix}}}:"; // braces: in a cluster all are in one slot
        keys = [start + "state", start + "log", start + "uses", start + "lease"];
        redis = new RedisConnection(sharing.Redis, Report, TimeProvider.System); // as with the bucket, the network's time is no other

        void Report(string? problem)
        {
            if (problem is null)
                CasLog.RedisWell(logger, options.Name);
            else
                CasLog.RedisProblem(logger, options.Name, problem);
        }
    }

    /// <summary>Ends when it was tried once to connect.</summary>
    public Task Attempted => redis.Attempted;

    /// <summary>Comes, says what there is to say, and takes what is new.</summary>
    public async Task<PackLogPage> VisitAsync(PackLogVisit visit, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> reply = await RunAsync(
            PackLogScripts.Visit,
            [node, run, visit.Epoch, Text(visit.Answered), Text(visit.Beat), Text(visit.Cursor), Text(visit.Ack), Text(PageLength), .. visit.Announcements],
            cancellationToken);
        var entries = new List<PackLogEntry>();
        for (int i = 3; i + 1 < reply.Count; i += 2)
        {
            if (PackName.TryParse(reply[i].AsSpan(1), out PackName pack))
                entries.Add(new PackLogEntry(Number(reply[i + 1]), pack, reply[i][0] == '-'));
        }

        return new PackLogPage(reply[0] == "1", reply[1], Number(reply[2]), entries);
    }

    /// <summary>Takes the lease of the node that collects garbage, or keeps it; false if another node has it.</summary>
    public async Task<bool> LeadAsync(CancellationToken cancellationToken) =>
        (await RunAsync(PackLogScripts.Lead, [run, Text((long)lease.TotalMilliseconds)], cancellationToken))[0] == "1";

    /// <summary>Gives the lease up, if it is this node's.</summary>
    public Task ResignAsync(CancellationToken cancellationToken) => RunAsync(PackLogScripts.Resign, [run], cancellationToken);

    /// <summary>The nodes, and of each something that changes with each of its visits.</summary>
    public async Task<IReadOnlyDictionary<string, string>> NodesAsync(CancellationToken cancellationToken) => Pairs(await RunAsync(PackLogScripts.Nodes, [], cancellationToken));

    /// <summary>Says of which packs that leave no node relies on any more; of none if this node has not the lease.</summary>
    /// <param name="epoch">The log in which they leave.</param>
    /// <param name="cut">Up to where entries may be cut off that every node has followed.</param>
    /// <param name="gone">Nodes that are to be relied on no more, if they are still as <see cref="NodesAsync"/> said.</param>
    /// <param name="packs">The packs.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IReadOnlyList<PackName>> ReleaseAsync(
        string epoch, long cut, IReadOnlyDictionary<string, string> gone, IReadOnlyCollection<PackName> packs, CancellationToken cancellationToken)
    {
        IEnumerable<string> nodes = gone.SelectMany(pair => (string[])[pair.Key, pair.Value]);
        IReadOnlyList<string> reply = await RunAsync(
            PackLogScripts.Release, [node, run, epoch, Text(cut), Text(gone.Count), .. nodes, .. packs.Select(pack => pack.ToString())], cancellationToken);
        return [.. reply.Select(text => PackName.TryParse(text, out PackName pack) ? pack : throw new FormatException(text))];
    }

    /// <summary>Tells when packs were used.</summary>
    public async Task UseAsync(IEnumerable<(PackName Pack, uint Hour)> uses, CancellationToken cancellationToken)
    {
        foreach ((PackName Pack, uint Hour)[] some in uses.Chunk(PacksAtATime))
            await RunAsync(PackLogScripts.Use, [.. some.SelectMany(use => (string[])[use.Pack.ToString(), Text(use.Hour)])], cancellationToken);
    }

    /// <summary>When packs were used, as all nodes tell.</summary>
    public async Task<IReadOnlyDictionary<PackName, uint>> UsesAsync(CancellationToken cancellationToken)
    {
        var uses = new Dictionary<PackName, uint>();
        foreach ((string text, string hour) in Pairs(await RunAsync(PackLogScripts.Uses, [], cancellationToken)))
        {
            if (PackName.TryParse(text, out PackName pack))
                uses[pack] = (uint)Number(hour);
        }

        return uses;
    }

    /// <summary>Packs are gone: when they were used is of no interest.</summary>
    public async Task ForgetUsesAsync(IEnumerable<PackName> packs, CancellationToken cancellationToken)
    {
        foreach (PackName[] some in packs.Chunk(PacksAtATime))
            await RunAsync(PackLogScripts.ForgetUses, [.. some.Select(pack => pack.ToString())], cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => redis.DisposeAsync();

    private static Dictionary<string, string> Pairs(IReadOnlyList<string> items)
    {
        var pairs = new Dictionary<string, string>();
        for (int i = 0; i + 1 < items.Count; i += 2)
            pairs[items[i]] = items[i + 1];
        return pairs;
    }

    private static string NewId() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static long Number(string text) => (long)double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);

    private async Task<IReadOnlyList<string>> RunAsync(string script, IReadOnlyList<string> values, CancellationToken cancellationToken)
    {
        try
        {
            RedisMetrics.Count("eval", 1);
            return await redis.EvalAsync(script, keys, [NewId(), .. values], cancellationToken);
        }
        catch (RedisUnavailableException fault)
        {
            RedisMetrics.CountFailure();
            throw new StoreUnavailableException(name, fault);
        }
    }
}
