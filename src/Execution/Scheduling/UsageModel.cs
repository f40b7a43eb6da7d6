using RemoteExec.Protocol;
using RemoteExec.Protocol.Workers;

namespace RemoteExec.Execution.Scheduling;

/// <summary>
/// What actions used, by mnemonic and target, so that the next one like them can be told before it runs. Bounded; of a target that is not known yet, its
/// mnemonic tells. It is not kept over a restart: a few actions teach it anew.
/// </summary>
internal sealed class UsageModel
{
    private const int MostRemembered = 50_000;

    // The share of the newest action in the averages.
    private const double Weight = 0.3;

    // Memory is held to the greatest of the last few, with room above: too little costs a run, too much only a place.
    private const double Forgetting = 0.95;
    private const double Headroom = 1.25;
    private const long LeastMemory = 16 * 1024 * 1024;
    private const long LeastCpu = Resources.Core / 10;

    private readonly RecentMap<(string Mnemonic, string Target), Record> records = new(MostRemembered);

    /// <summary>Takes in what an action used.</summary>
    public void Learn(string mnemonic, string target, Usage usage)
    {
        double seconds = WireTime.Read(usage.WallTime)?.TotalSeconds ?? 0;
        if (seconds <= 0 || mnemonic.Length == 0)
            return;
        double cpuMillis = (WireTime.Read(usage.CpuTime)?.TotalSeconds ?? 0) / seconds * Resources.Core;
        Learn((mnemonic, ""), seconds, cpuMillis, usage.PeakMemoryBytes);
        if (target.Length > 0)
            Learn((mnemonic, target), seconds, cpuMillis, usage.PeakMemoryBytes);
    }

    /// <summary>What an action like these is thought to need.</summary>
    public Estimate Expect(string mnemonic, string target)
    {
        if (mnemonic.Length == 0)
            return default;
        if (target.Length == 0 || !records.TryGet((mnemonic, target), out Record? record))
        {
            if (!records.TryGet((mnemonic, ""), out record))
                return default;
        }

        return new Estimate(
            record.Seconds, Math.Max(LeastCpu, (long)record.CpuMillis),
            record.PeakMemory > 0 ? Math.Max(LeastMemory, (long)(record.PeakMemory * Headroom)) : null);
    }

    private void Learn((string, string) key, double seconds, double cpuMillis, long peakMemory)
    {
        if (records.TryGet(key, out Record? record))
        {
            record.Seconds += Weight * (seconds - record.Seconds);
            record.CpuMillis += Weight * (cpuMillis - record.CpuMillis);
            record.PeakMemory = Math.Max(peakMemory, record.PeakMemory * Forgetting);
        }
        else
        {
            records.Set(key, new Record { Seconds = seconds, CpuMillis = cpuMillis, PeakMemory = peakMemory });
        }
    }

    private sealed class Record
    {
        public double Seconds { get; set; }

        public double CpuMillis { get; set; }

        public double PeakMemory { get; set; }
    }
}
