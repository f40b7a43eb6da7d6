using RemoteExec.Execution.Journal;
using RemoteExec.Integration.Tests.Redis;
using RemoteExec.Protocol.Journals;
using RemoteExec.Redis;

namespace RemoteExec.Integration.Tests.Scheduling;

/// <summary>The journal in Redis keeps the contract, whatever the topology. A writer that leaves gives up its lease.</summary>
public abstract class RedisJournalContractTests(RedisServers servers, RedisTopology topology) : JournalContract, IAsyncLifetime
{
    private readonly string prefix = RedisFixture.NewPrefix();
    private SharedJournalFixture fixture = null!;
    private long epoch;

    public async ValueTask InitializeAsync()
    {
        RedisDeployment deployment = await (topology switch
        {
            RedisTopology.Cluster => servers.Cluster,
            RedisTopology.Sentinel => servers.Sentinel,
            _ => servers.Standalone,
        });
        fixture = new SharedJournalFixture(deployment.ToConnection(topology), prefix);
    }

    public async ValueTask DisposeAsync() => await fixture.DisposeAsync();

    protected override async Task<IJournal> OpenAsync(Action<JournalEntry> restore)
    {
        await SharedJournalFixture.RetryAsync(async () =>
        {
            await fixture.Lease.ReleaseAsync(epoch, Token);
            return true;
        });
        (RedisJournal journal, epoch) = await fixture.TakeOverAsync();
        fixture.Entries.ForEach(restore);
        return journal;
    }
}

public sealed class StandaloneJournalTests(RedisServers servers) : RedisJournalContractTests(servers, RedisTopology.Standalone);

public sealed class ClusterJournalTests(RedisServers servers) : RedisJournalContractTests(servers, RedisTopology.Cluster);

public sealed class SentinelJournalTests(RedisServers servers) : RedisJournalContractTests(servers, RedisTopology.Sentinel);
