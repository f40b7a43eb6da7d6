using System.Diagnostics.Metrics;
using Google.Protobuf.WellKnownTypes;
using RemoteExec.Protocol.Audits;
using RemoteExec.Worker.Caches;
using RemoteExec.Worker.Inputs;
using RemoteExec.Worker.Persistent;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Worker;

/// <summary>What a worker counts. Meter <c>RemoteExec.Worker</c>. May be called concurrently.</summary>
internal sealed class WorkerMetrics
{
    /// <summary>The name of the meter.</summary>
    public const string MeterName = "RemoteExec.Worker";

    private readonly Meter meter;
    private readonly Counter<long> actions;
    private readonly UpDownCounter<int> running;
    private readonly Histogram<double> phases;
    private readonly Histogram<double> cpu;
    private readonly Histogram<long> memory;
    private readonly Counter<long> io;
    private readonly Counter<long> audits;
    private readonly Counter<long> findings;
    private readonly Counter<long> reruns;

    /// <summary>Makes the instruments that count actions.</summary>
    /// <param name="meter">What they are of; it stays the caller's.</param>
    public WorkerMetrics(Meter meter)
    {
        this.meter = meter;
        actions = meter.CreateCounter<long>("remoteexec.worker.actions", "{action}", "Attempts at actions that are over, by how they ended and by the tier of the sandbox.");
        running = meter.CreateUpDownCounter<int>("remoteexec.worker.slots.used", "{slot}", "Slots in which an action is under way.");
        phases = meter.CreateHistogram<double>("remoteexec.worker.phase.duration", "s", "How long the phases of attempts took that were gone through: fetch, run, upload.");
        cpu = meter.CreateHistogram<double>("remoteexec.worker.action.cpu.time", "s", "User and system time of commands, with all that they started.");
        memory = meter.CreateHistogram<long>("remoteexec.worker.action.memory.peak", "By", "The most memory that commands had resident at a time.");
        io = meter.CreateCounter<long>("remoteexec.worker.action.io", "By", "What commands read from disks and wrote to them.");
        audits = meter.CreateCounter<long>("remoteexec.worker.audits", "{action}", "Actions of which was written down what they looked at.");
        findings = meter.CreateCounter<long>("remoteexec.worker.audit.findings", "{finding}", "What audited actions looked at beside their inputs, by what it is of.");
        reruns = meter.CreateCounter<long>("remoteexec.worker.reruns", "{run}", "Second runs of actions, by whether their outputs were the same.");
    }

    /// <summary>Has told what there is of slots, caches and processes, whenever somebody collects.</summary>
    public void Observe(int slots, InputRoot inputs, NamedCaches caches, PersistentActions? persistent)
    {
        meter.CreateObservableGauge("remoteexec.worker.slots", () => slots, "{slot}", "How many actions may run at once.");
        meter.CreateObservableGauge("remoteexec.worker.input_cache.size", () => OfCaches(inputs, cache => cache.Bytes), "By", "What is cached of inputs.");
        meter.CreateObservableGauge("remoteexec.worker.input_cache.entries", () => OfCaches(inputs, cache => cache.Entries), "{entry}", "Cached files and trees.");
        meter.CreateObservableCounter("remoteexec.worker.input_cache.hits", () => OfCaches(inputs, cache => cache.Hits), "{entry}", "Files and trees that actions wanted and that were there, or on their way.");
        meter.CreateObservableCounter("remoteexec.worker.input_cache.misses", () => OfCaches(inputs, cache => cache.Misses), "{entry}", "Files and trees that actions wanted and that were not there.");
        meter.CreateObservableCounter("remoteexec.worker.input_cache.evictions", () => OfCaches(inputs, cache => cache.Evictions), "{entry}", "Files and trees that went to make room.");
        meter.CreateObservableCounter("remoteexec.worker.inputs_ahead.io", () => OfAhead(inputs.FileStatistics), "By", "What was fetched before its action came, by whether an action has wanted it before it went.");
        meter.CreateObservableGauge("remoteexec.worker.named_caches.size", () => caches.UsedBytes, "By", "What actions keep for later ones.");
        if (persistent is null)
            return;
        meter.CreateObservableGauge("remoteexec.worker.persistent.processes", () => persistent.Count, "{process}", "Processes that run on from action to action.");
        meter.CreateObservableCounter("remoteexec.worker.persistent.started", () => persistent.Totals.Started, "{process}", "Such processes that were started.");
        meter.CreateObservableCounter("remoteexec.worker.persistent.ended", () => persistent.Totals.Ended, "{process}", "Such processes that have ended, or are no longer asked.");
    }

    /// <summary>An attempt begins; disposing the answer ends it, with what its run says by then.</summary>
    public Attempt Begin(ActionRun run, string tier) => new(this, run, tier);

    /// <summary>An action was audited.</summary>
    public void Count(Accesses accesses)
    {
        audits.Add(1);
        Add("network", accesses.Network.Count);
        Add("host", accesses.Host.Count);
        Add("kernel", accesses.Kernel.Count);
        Add("machine", accesses.MachineCalls.Count);

        void Add(string kind, int count)
        {
            if (count > 0)
                findings.Add(count, new KeyValuePair<string, object?>("kind", kind));
        }
    }

    /// <summary>An action was to be run again, to compare; null if it could not be.</summary>
    public void CountRerun(SecondRun? run) =>
        reruns.Add(1, new KeyValuePair<string, object?>("result", run is null ? "none" : run.Differences.Count > 0 ? "different" : "same"));

    private static Measurement<long>[] OfCaches(InputRoot inputs, Func<CacheStatistics, long> value) =>
        [new(value(inputs.FileStatistics), new KeyValuePair<string, object?>("kind", "file")), new(value(inputs.TreeStatistics), new KeyValuePair<string, object?>("kind", "tree"))];

    private static Measurement<long>[] OfAhead(CacheStatistics files) =>
        [new(files.AheadUsedBytes, new KeyValuePair<string, object?>("result", "used")), new(files.AheadUnusedBytes, new KeyValuePair<string, object?>("result", "unused"))];

    private void End(ActionRun run, string tier)
    {
        var sandbox = new KeyValuePair<string, object?>("sandbox", tier);
        actions.Add(1, new KeyValuePair<string, object?>("end", ActionEnd.Of(run)), sandbox);
        Reapi.ExecutedActionMetadata times = run.Metadata;
        RecordPhase("fetch", times.InputFetchStartTimestamp, times.InputFetchCompletedTimestamp);
        RecordPhase("run", times.ExecutionStartTimestamp, times.ExecutionCompletedTimestamp);
        RecordPhase("upload", times.OutputUploadStartTimestamp, times.OutputUploadCompletedTimestamp);
        if (run.Measured is not { } used)
            return;
        cpu.Record(used.CpuTime.TotalSeconds, sandbox);
        memory.Record(used.PeakMemoryBytes, sandbox);
        io.Add(used.BytesRead, new KeyValuePair<string, object?>("direction", "read"));
        io.Add(used.BytesWritten, new KeyValuePair<string, object?>("direction", "write"));

        void RecordPhase(string phase, Timestamp? start, Timestamp? end)
        {
            if (start is not null && end is not null)
                phases.Record((end - start).ToTimeSpan().TotalSeconds, new KeyValuePair<string, object?>("phase", phase), sandbox);
        }
    }

    /// <summary>An attempt that is under way; to be disposed once.</summary>
    public readonly struct Attempt : IDisposable
    {
        private readonly WorkerMetrics metrics;
        private readonly ActionRun run;
        private readonly string tier;

        internal Attempt(WorkerMetrics metrics, ActionRun run, string tier)
        {
            (this.metrics, this.run, this.tier) = (metrics, run, tier);
            metrics.running.Add(1);
        }

        /// <summary>It is over.</summary>
        public void Dispose()
        {
            metrics.running.Add(-1);
            metrics.End(run, tier);
        }
    }
}
