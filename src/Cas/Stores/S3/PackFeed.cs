using Microsoft.Extensions.Logging;

namespace RemoteExec.Cas.Stores.S3;

/// <summary>
/// Follows the log of a shared prefix, once a second: adds the packs that other nodes uploaded, forgets those that are about to be deleted, tells which came and were used here, and how far it has got.
/// </summary>
/// <remarks>
/// What leaves is missing at once, and forgotten ten minutes later: what was reported present can be read until then. Only when that is in a checkpoint the others are told, who then may delete the object.
/// </remarks>
internal sealed partial class PackFeed : IAsyncDisposable
{
    private const int MostAnnounced = 500; // at a time
    private static readonly TimeSpan tick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan grace = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan recent = TimeSpan.FromHours(2);
    private static readonly TimeSpan lastPatience = TimeSpan.FromSeconds(5); // for what is to be told at the end

    private readonly string name;
    private readonly uint node;
    private readonly PackLog log;
    private readonly LocalPresence presence;
    private readonly PackEnds ends;
    private readonly PrefixContact contact;
    private readonly ILogger logger;
    private readonly TimeProvider time;
    private readonly SemaphoreSlim rounds = new(1); // guards the fields of a round
    private readonly Lock gate = new(); // guards what is owed, who leaves, and what the position consists of
    private readonly List<string> owed = []; // announcements that Redis did not take yet
    private readonly Dictionary<PackName, PackDeparture> departures = [];
    private readonly HashSet<PackName> arrivals = []; // whose manifests are to be read
    private readonly CancellationTokenSource stopping = new();
    private readonly Task running;
    private string epoch = "";
    private long epochSeen; // when this process began to read it
    private long beat, answered, cursor, ack;
    private (long Timestamp, DateTimeOffset Now) followed;
    private bool isUnsaved; // something was forgotten that a kill would bring back
    private int generation;
    private int listed; // the generation in which all was compared with the bucket
    private bool wasCertain;

    /// <summary>Starts to follow.</summary>
    public PackFeed(string name, uint node, PackLog log, LocalPresence presence, PackEnds ends, PrefixContact contact, ILogger logger, TimeProvider time)
    {
        this.name = name;
        this.node = node;
        this.log = log;
        this.presence = presence;
        this.ends = ends;
        this.contact = contact;
        this.logger = logger;
        this.time = time;
        wasCertain = contact.IsGood;
        running = Task.Run(RunAsync);
    }

    /// <summary>What all nodes write to.</summary>
    public PackLog Log => log;

    /// <summary>True while what this node knows can be believed.</summary>
    public bool IsCertain => contact.IsGood;

    /// <summary>True if the log is followed, but what this node knew is too old: it is to be compared with the bucket.</summary>
    public bool IsListingDue => !IsCertain && Volatile.Read(ref generation) != Volatile.Read(ref listed);

    /// <summary>The log that is followed, for how long without a gap, and its last entry that was read.</summary>
    public (string Epoch, TimeSpan Age, long Cursor) Position
    {
        get
        {
            lock (gate)
                return (epoch, time.GetElapsedTime(epochSeen), cursor);
        }
    }

    /// <summary>The packs that are about to be deleted.</summary>
    public IReadOnlySet<PackName> Leaving
    {
        get
        {
            lock (gate)
                return departures.Keys.ToHashSet();
        }
    }

    /// <summary>A pack was uploaded: the others are told.</summary>
    public void Arrived(PackName pack) => Owe(['+' + pack.ToString()]);

    /// <summary>Packs are to leave: everybody is told, this node too.</summary>
    public void Leave(IEnumerable<PackName> packs) => Owe(packs.Select(pack => '-' + pack.ToString()));

    /// <summary>All was compared with the bucket, after the round that gave this number.</summary>
    public async Task ListedAsync(int number, CancellationToken cancellationToken)
    {
        await rounds.WaitAsync(cancellationToken);
        try
        {
            if (number != generation)
                return; // Redis lost something meanwhile
            Volatile.Write(ref listed, number);
            contact.Extend(followed.Timestamp, followed.Now);
        }
        finally
        {
            rounds.Release();
        }
    }

    /// <summary>Ends when the log was visited for the first time, or could not be.</summary>
    public Task Attempted => attempted.Task;

    private readonly TaskCompletionSource attempted = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Stops; before, tells what there is to be told.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await running;
        try
        {
            using var patience = new CancellationTokenSource(lastPatience);
            await SyncAsync(patience.Token);
            await log.ResignAsync(patience.Token);
        }
        catch (Exception fault) when (fault is CasException or IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            CasLog.LogNotFollowed(logger, name, fault.Message);
        }

        await CloseAsync();
    }

    /// <summary>Stops as a kill would.</summary>
    public async ValueTask AbandonAsync()
    {
        await stopping.CancelAsync();
        await running;
        await CloseAsync();
    }

    private async ValueTask CloseAsync()
    {
        await log.DisposeAsync();
        stopping.Dispose();
        rounds.Dispose();
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(tick, time);
        try
        {
            await log.Attempted.WaitAsync(stopping.Token);
            do
            {
                try
                {
                    await SyncAsync(stopping.Token);
                }
                catch (StoreUnavailableException)
                {
                    // The connection tells of it, and is made anew by itself.
                }
                catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
                {
                    CasLog.LogNotFollowed(logger, name, fault.Message);
                }

                TellCertainty();
                attempted.TrySetResult();
            }
            while (await timer.WaitForNextTickAsync(stopping.Token));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            attempted.TrySetResult();
        }
    }

    private void TellCertainty()
    {
        if (IsCertain == wasCertain)
            return;
        wasCertain = !wasCertain;
        if (wasCertain)
            CasLog.PrefixCertain(logger, name);
        else
            CasLog.PrefixUncertain(logger, name);
    }

    private void Owe(IEnumerable<string> announcements)
    {
        lock (gate)
            owed.AddRange(announcements);
    }
}
