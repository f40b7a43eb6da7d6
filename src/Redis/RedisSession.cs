using System.Net;
using StackExchange.Redis;

namespace RemoteExec.Redis;

/// <summary>
/// One multiplexer of the client library. It may lose track of its servers, most of all when the primary of a cluster dies: then it is not mended, but another takes its place.
/// </summary>
internal sealed class RedisSession : IAsyncDisposable
{
    // The library does not tell a wrong password or a refused certificate from a server that is not there.
    private const string WhatToLookAt = "(does it run, is the password right, does it speak TLS or not as tls says, and do the authorities in caFile sign its certificate?)";

    private readonly RedisConnectionOptions options;
    private readonly ConnectionMultiplexer servers;
    private readonly ConnectionMultiplexer? sentinels;
    private readonly EndPoint? primary; // that the sentinels named

    private RedisSession(RedisConnectionOptions options, ConnectionMultiplexer servers, ConnectionMultiplexer? sentinels, EndPoint? primary)
    {
        this.options = options;
        this.servers = servers;
        this.sentinels = sentinels;
        this.primary = primary;
        servers.PreserveAsyncOrder = false; // nobody relies on it, and it makes one slow continuation wait for another
        Database = servers.GetDatabase();
    }

    /// <summary>Where commands go.</summary>
    public IDatabase Database { get; }

    /// <summary>True if there is a primary that is connected.</summary>
    public bool IsUsable => servers.GetEndPoints().Select(endpoint => servers.GetServer(endpoint)).Any(server => server is { IsConnected: true, IsSlave: false });

    /// <summary>Connects as far as that is possible now.</summary>
    /// <exception cref="RedisUnavailableException">No sentinel knows the primary.</exception>
    public static async Task<RedisSession> ConnectAsync(RedisConnectionOptions options)
    {
        if (options.Topology != RedisTopology.Sentinel)
            return new RedisSession(options, await ConnectionMultiplexer.ConnectAsync(RedisSettings.ForServers(options, options.Endpoints)), null, null);

        ConnectionMultiplexer sentinels = await ConnectionMultiplexer.ConnectAsync(RedisSettings.ForSentinels(options));
        try
        {
            EndPoint primary = await AskSentinelsAsync(sentinels, options)
                ?? throw new RedisUnavailableException($"no sentinel of {string.Join(", ", options.Endpoints)} tells where '{options.ServiceName}' is", null);
            ConnectionMultiplexer servers = await ConnectionMultiplexer.ConnectAsync(RedisSettings.ForServers(options, [primary.ToString()!]));
            return new RedisSession(options, servers, sentinels, primary);
        }
        catch
        {
            sentinels.Dispose();
            throw;
        }
    }

    /// <summary>Whether every key has a primary that answers; if not, what is wrong, in a few words.</summary>
    public async Task<string?> FindProblemAsync() => options.Topology switch
    {
        RedisTopology.Cluster => await FindClusterProblemAsync(),
        RedisTopology.Sentinel => await FindSentinelProblemAsync(),
        _ => await AnswersAsync(Database.PingAsync(CommandFlags.DemandMaster)) ? null : $"no primary answers at {string.Join(", ", options.Endpoints)} {WhatToLookAt}",
    };

    /// <summary>Closes the connections.</summary>
    public async ValueTask DisposeAsync()
    {
        await servers.CloseAsync(allowCommandsToComplete: false);
        servers.Dispose();
        sentinels?.Dispose();
    }

    private static async Task<EndPoint?> AskSentinelsAsync(ConnectionMultiplexer sentinels, RedisConnectionOptions options)
    {
        foreach (IServer sentinel in sentinels.GetEndPoints().Select(endpoint => sentinels.GetServer(endpoint)).Where(server => server.IsConnected))
        {
            try
            {
                if (await sentinel.SentinelGetMasterAddressByNameAsync(options.ServiceName).WaitAsync(options.OperationTimeout) is { } address)
                    return address;
            }
            catch (Exception exception) when (RedisFaults.IsFault(exception))
            {
                // The next may know.
            }
        }

        return null;
    }

    private async Task<string?> FindSentinelProblemAsync()
    {
        // While no sentinel can be asked, what they said last holds.
        EndPoint? named = await AskSentinelsAsync(sentinels!, options);
        if (named is not null && !named.Equals(primary))
            return $"the sentinels name another primary, {named}";
        return await AnswersAsync(Database.PingAsync(CommandFlags.DemandMaster)) ? null : $"the primary {primary} does not answer {WhatToLookAt}";
    }

    private async Task<string?> FindClusterProblemAsync()
    {
        if (await FindClusterNodesAsync() is not { } nodes)
            return $"no server of the cluster answers at {string.Join(", ", options.Endpoints)} {WhatToLookAt}";
        int slots = 0;
        foreach (ClusterNode node in nodes.Nodes.Where(node => !node.IsSlave && node.Slots.Count > 0))
        {
            slots += node.Slots.Sum(range => range.To - range.From + 1);
            if (!servers.GetEndPoints().Contains(node.EndPoint) || !await AnswersAsync(servers.GetServer(node.EndPoint)))
                return $"{node.EndPoint}, a primary of the cluster, does not answer";
        }

        return slots == 16384 ? null : $"the cluster serves only {slots} of 16384 slots";
    }

    private async Task<ClusterConfiguration?> FindClusterNodesAsync()
    {
        foreach (IServer server in servers.GetEndPoints().Select(endpoint => servers.GetServer(endpoint)).Where(server => server.IsConnected))
        {
            try
            {
                if (await server.ClusterNodesAsync().WaitAsync(options.OperationTimeout) is { } nodes)
                    return nodes;
            }
            catch (Exception exception) when (RedisFaults.IsFault(exception))
            {
                // Another may answer.
            }
        }

        return null;
    }

    private Task<bool> AnswersAsync(IServer server) => server.IsConnected ? AnswersAsync(server.PingAsync()) : Task.FromResult(false);

    private async Task<bool> AnswersAsync(Task<TimeSpan> ping)
    {
        try
        {
            await ping.WaitAsync(options.OperationTimeout);
            return true;
        }
        catch (Exception exception) when (RedisFaults.IsFault(exception))
        {
            return false;
        }
    }
}
