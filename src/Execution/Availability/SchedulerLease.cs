using RemoteExec.Execution.Journal;
using RemoteExec.Redis;

namespace RemoteExec.Execution.Availability;

/// <summary>
/// The right to be the active scheduler, which runs out unless it is renewed. It says whom others should ask; what makes sure that only one decides is its epoch, without which nobody writes the journal.
/// </summary>
/// <param name="journal">Where it is kept.</param>
/// <param name="addresses">Where its holder is reached; null for who never takes it.</param>
internal sealed class SchedulerLease(SharedJournal journal, SchedulerAddresses? addresses)
{
    /// <summary>After how long without renewal another may take it.</summary>
    public static TimeSpan Duration { get; } = TimeSpan.FromSeconds(2);

    /// <summary>How often it is renewed.</summary>
    public static TimeSpan RenewInterval { get; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Takes the lease if nobody has it.</summary>
    /// <param name="knownEpoch">The highest epoch that was seen: Redis may have forgotten it.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>The new epoch; null if another has it.</returns>
    /// <exception cref="RedisUnavailableException">Redis is out of reach; the lease may have been taken, and then runs out.</exception>
    public async Task<long?> TryAcquireAsync(long knownEpoch, CancellationToken cancellationToken)
    {
        IReadOnlyList<byte[]> reply = await journal.RunAsync(SharedJournalScripts.Acquire, [knownEpoch, $"{addresses}", (long)Duration.TotalMilliseconds], cancellationToken);
        return SharedJournal.Number(reply[0]) is var epoch and > 0 ? epoch : null;
    }

    /// <summary>Keeps the lease; false if another became the active one.</summary>
    /// <exception cref="RedisUnavailableException">Redis is out of reach.</exception>
    public async Task<bool> RenewAsync(long epoch, CancellationToken cancellationToken)
    {
        IReadOnlyList<byte[]> reply = await journal.RunAsync(SharedJournalScripts.Renew, [epoch, $"{addresses}", (long)Duration.TotalMilliseconds], cancellationToken);
        return SharedJournal.Text(reply[0]) == "kept";
    }

    /// <summary>Gives the lease up, so that another need not wait for its end.</summary>
    /// <exception cref="RedisUnavailableException">Redis is out of reach.</exception>
    public Task ReleaseAsync(long epoch, CancellationToken cancellationToken) => journal.RunAsync(SharedJournalScripts.Release, [epoch], cancellationToken);
}
