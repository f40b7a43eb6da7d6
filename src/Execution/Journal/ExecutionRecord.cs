using RemoteExec.Protocol.Journals;

namespace RemoteExec.Execution.Journal;

/// <summary>What a journal tells of one execution.</summary>
/// <param name="launched">What is to be run.</param>
internal sealed class ExecutionRecord(Launched launched)
{
    /// <summary>What is to be run.</summary>
    public Launched Launched { get; } = launched;

    /// <summary>The operations that wait for it.</summary>
    public HashSet<string> Operations { get; } = new(StringComparer.Ordinal);

    /// <summary>The leases that were given and not taken back.</summary>
    public List<Leased> Leases { get; } = [];

    /// <summary>Leases that were given up.</summary>
    public List<string> PastLeases { get; } = [];

    /// <summary>The workers that failed at it.</summary>
    public HashSet<string> FailedOn { get; } = new(StringComparer.Ordinal);

    /// <summary>True if it was given to a worker at least once, or goes on with what was.</summary>
    public bool IsStarted { get; set; }

    /// <summary>How often it was tried.</summary>
    public int Attempts { get; private set; }

    /// <summary>The least memory of the next attempt, in bytes.</summary>
    public long MemoryFloor { get; private set; }

    /// <summary>The result that was to be checked and stored; null if there is none.</summary>
    public Reported? Reported { get; set; }

    /// <summary>An attempt begins, or goes on in another slot.</summary>
    public void Lease(Leased leased)
    {
        Leases.RemoveAll(known => known.Lease == leased.Lease);
        PastLeases.Remove(leased.Lease);
        Leases.Add(leased);
        Attempts = leased.Attempts;
        IsStarted = true;
    }

    /// <summary>An attempt came to nothing.</summary>
    public void Unlease(Unleased unleased)
    {
        Attempts = unleased.Attempts;
        MemoryFloor = unleased.MemoryBytes;
        if (Reported is { } refused)
            GiveUpLeases(refused);
        Leased? lease = Leases.Find(known => known.Lease == unleased.Lease);
        if (lease is null)
            return;
        Leases.Remove(lease);
        if (lease.Lease.Length > 0)
            PastLeases.Add(lease.Lease);
        if (unleased.Failed)
            FailedOn.Add(lease.Worker);
    }

    // Whoever told the result that was no good has nothing more to tell, nor do those who were stopped for it: nobody is to be awaited.
    private void GiveUpLeases(Reported refused)
    {
        Reported = null;
        if (refused.Response?.Result?.ExecutionMetadata?.Worker is { Length: > 0 } worker)
            FailedOn.Add(worker);
        PastLeases.AddRange(Leases.Select(lease => lease.Lease));
        Leases.Clear();
    }
}
