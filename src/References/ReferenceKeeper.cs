using Microsoft.Extensions.Logging;
using RemoteExec.Cas;
using RemoteExec.Cas.Builds;
using RemoteExec.Protocol;

namespace RemoteExec.References;

/// <summary>
/// Uses what references name, again and again, so that stores do not evict it: for them it is as if a build was always under way that needs all of it. Forgets references that have expired, and those
/// that were deleted a while ago.
/// </summary>
public sealed class ReferenceKeeper : IAsyncDisposable
{
    private const int PageSize = 200;
    private const int NamedAtMost = 1000;
    private static readonly TimeSpan remembered = TimeSpan.FromDays(30); // those that are gone: their names' versions go on for so long
    private readonly IReferenceStore store;
    private readonly IBlobStore cas;
    private readonly TreePresence presence;
    private readonly LiveBuilds builds;
    private readonly TimeSpan interval;
    private readonly ILogger logger;
    private readonly TimeProvider time;
    private readonly CancellationTokenSource stop = new();
    private readonly Task running;
    private LiveBuild? last;

    /// <summary>Begins.</summary>
    /// <param name="store">Where references are.</param>
    /// <param name="cas">Where what they name is.</param>
    /// <param name="builds">Told that something is under way that uses blobs.</param>
    /// <param name="interval">How long to wait after each round.</param>
    /// <param name="logger">Told of what can't be kept, as it is gone.</param>
    /// <param name="time">The clock.</param>
    public ReferenceKeeper(IReferenceStore store, IBlobStore cas, LiveBuilds builds, TimeSpan interval, ILogger logger, TimeProvider time)
    {
        (this.store, this.cas, this.builds, this.interval, this.logger, this.time) = (store, cas, builds, interval, logger, time);
        presence = new TreePresence(cas);
        running = Task.Run(RunAsync);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await running;
        builds.Leave(last);
        stop.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                await KeepAllAsync(stop.Token);
                await Task.Delay(interval, time, stop.Token);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    /// <summary>One round. Internal for tests.</summary>
    internal async Task KeepAllAsync(CancellationToken cancellationToken)
    {
        LiveBuild? former = last;
        last = null;
        try
        {
            HashSet<ReferenceTarget> done = [];
            foreach (InstanceName instance in await store.InstancesAsync(cancellationToken))
                await KeepAsync(instance, done, cancellationToken);
        }
        catch (CasException exception)
        {
            ReferencesLog.RoundFailed(logger, exception);
        }
        finally
        {
            builds.Leave(former); // it counts for some hours more, as every build does that has ended
        }
    }

    private async Task KeepAsync(InstanceName instance, HashSet<ReferenceTarget> done, CancellationToken cancellationToken)
    {
        for (string after = ""; ;)
        {
            IReadOnlyList<ReferenceRecord> records = await store.ListAsync(instance, "", after, PageSize, cancellationToken);
            foreach (ReferenceRecord record in records)
            {
                DateTimeOffset now = time.GetUtcNow();
                if (record.At(now) is { } reference)
                    await KeepAsync(reference, done, cancellationToken);
                else if (EndOf(record) + remembered <= now)
                    await store.RemoveAsync(instance, record.Name, record.Version, cancellationToken);
            }

            if (records.Count < PageSize)
                return;
            after = records[^1].Name.Value;
        }
    }

    private async Task KeepAsync(Reference reference, HashSet<ReferenceTarget> done, CancellationToken cancellationToken)
    {
        if (!done.Add(reference.Target))
            return;
        if (done.Count == 1)
            last = builds.Enter($"references since {time.GetUtcNow():O}");
        IReadOnlyCollection<Digest>? missing = reference.Target.IsDirectory
            ? await presence.FindMissingAsync(reference.Target.Digest, NamedAtMost, cancellationToken)
            : await cas.FindMissingAsync(new[] { reference.Target.Digest }, cancellationToken);
        if (missing is { Count: > 0 })
            ReferencesLog.Lost(logger, reference.Name.Value, missing.Count, missing.First());
    }

    private static DateTimeOffset EndOf(ReferenceRecord record) => record is { IsDeleted: false, History: [{ Expires: { } expired }, ..] } ? expired : record.Changed;
}
