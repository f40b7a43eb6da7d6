using RemoteExec.Execution.Availability;
using RemoteExec.Execution.Journal;
using RemoteExec.Protocol.Journals;
using RemoteExec.Redis;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Integration.Tests.Scheduling;

/// <summary>One scheduler's way to a Redis, with what it would do there.</summary>
internal sealed class SharedJournalFixture : IAsyncDisposable
{
    private readonly RedisConnection redis;

    public SharedJournalFixture(RedisConnectionOptions options, string prefix, string name = "a")
    {
        redis = new RedisConnection(options, _ => { }, TimeProvider.System);
        Journal = new SharedJournal(redis, prefix);
        Lease = new SchedulerLease(Journal, AddressesOf(name));
        Reader = new SharedJournalReader(Journal);
    }

    public SharedJournal Journal { get; }

    public SchedulerLease Lease { get; }

    public SharedJournalReader Reader { get; }

    /// <summary>What was read so far.</summary>
    public List<JournalEntry> Entries { get; } = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Where the scheduler of a name is said to be.</summary>
    public static SchedulerAddresses AddressesOf(string name) => new(RpcAddress.Parse($"grpc://{name}:1"), RpcAddress.Parse($"grpc://{name}:2"));

    /// <summary>Does something as soon as Redis lets it.</summary>
    public static async Task<T> RetryAsync<T>(Func<Task<T>> attempt)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(TimeSpan.FromSeconds(40));
        while (true)
        {
            try
            {
                return await attempt();
            }
            catch (RedisUnavailableException) when (!patience.IsCancellationRequested)
            {
                // Not yet.
            }

            await Task.Delay(10, patience.Token);
        }
    }

    /// <summary>Takes the lease, once it can be had.</summary>
    public async Task<long> AcquireAsync(long known = 0)
    {
        while (true)
        {
            if (await RetryAsync(() => Lease.TryAcquireAsync(known, Token)) is { } epoch)
                return epoch;
            await Task.Delay(10, Token);
        }
    }

    /// <summary>Reads on to the end; what the last look has shown.</summary>
    public async Task<JournalView> FollowAsync()
    {
        while (true)
        {
            JournalView view = await RetryAsync(() => Reader.ReadAsync(Token));
            if (view.StartsAnew)
                Entries.Clear();
            Entries.AddRange(view.Entries);
            if (!view.HasMore)
                return view;
        }
    }

    /// <summary>Becomes the active one, and goes on writing where the journal ends.</summary>
    public async Task<(RedisJournal Journal, long Epoch)> TakeOverAsync(long known = 0)
    {
        long epoch = await AcquireAsync(known);
        JournalView view = await FollowAsync();
        return (new RedisJournal(Journal, epoch, view.IsWhole ? Reader.Position : JournalPosition.None, TimeProvider.System), epoch);
    }

    public ValueTask DisposeAsync() => redis.DisposeAsync();
}
