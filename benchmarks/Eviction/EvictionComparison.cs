namespace RemoteExec.Benchmarks.Eviction;

/// <summary>Runs a <see cref="BuildTrace"/> through the server's own store and through other policies, and tells what each has found and written.</summary>
internal static class EvictionComparison
{
    private static readonly int[] percents = [5, 10, 20, 40];

    /// <summary>Does it.</summary>
    public static async Task<int> RunAsync()
    {
        BuildTrace trace = BuildTrace.Generate();
        Console.WriteLine($"{trace.Events.Count} calls for {trace.Blobs} blobs of {trace.DistinctBytes >> 20} MiB together");
        Console.WriteLine("{0,-24} {1,9} {2,12} {3,12} {4,12}", "cache, of all bytes", "hits", "hits, bytes", "lost late", "written/sent");
        Tell("unbounded", await RunAsync(new ListPolicy("unbounded", long.MaxValue, moveOnUse: false), trace));
        foreach (int percent in percents)
        {
            long maxBytes = trace.DistinctBytes / 100 * percent;
            Console.WriteLine($"{percent} %, {maxBytes >> 20} MiB");
            Tell("FIFO", await RunAsync(new ListPolicy("FIFO", maxBytes, moveOnUse: false), trace));
            Tell("LRU", await RunAsync(new ListPolicy("LRU", maxBytes, moveOnUse: true), trace));
            Tell("W-TinyLFU", await RunAsync(new TinyLfuPolicy(maxBytes, trace.DistinctBytes / trace.Blobs), trace));
            Tell("segments", await RunAsync(await SegmentPolicy.OpenAsync(maxBytes, knowsBuilds: false), trace));
            Tell("segments, builds kept", await RunAsync(await SegmentPolicy.OpenAsync(maxBytes, knowsBuilds: true), trace));
        }

        return 0;
    }

    private static async Task<Tally> RunAsync(IEvictionPolicy policy, BuildTrace trace)
    {
        var tally = new Tally();
        await using (policy)
        {
            foreach (TraceEvent call in trace.Events)
            {
                policy.Enter(call);
                if (call.Kind != TraceEventKind.Upload)
                {
                    bool isThere = await policy.LookUpAsync(call);
                    tally.Count(call, isThere);
                    if (isThere)
                        continue;
                }

                tally.SentBytes += call.Size;
                await policy.UploadAsync(call);
            }

            tally.WrittenBytes = policy.WrittenBytes;
        }

        return tally;
    }

    private static void Tell(string name, Tally tally) => Console.WriteLine(
        "  {0,-22} {1,8:F2}% {2,11:F2}% {3,11:F3}% {4,12:F3}",
        name, 100.0 * tally.Hits / tally.LookUps, 100.0 * tally.HitBytes / tally.LookUpBytes, 100.0 * tally.Lost / tally.LateLookUps, (double)tally.WrittenBytes / tally.SentBytes);

    private sealed class Tally
    {
        public long LookUps { get; private set; }

        public long LookUpBytes { get; private set; }

        public long Hits { get; private set; }

        public long HitBytes { get; private set; }

        public long LateLookUps { get; private set; }

        public long Lost { get; private set; }

        public long SentBytes { get; set; }

        public long WrittenBytes { get; set; }

        public void Count(TraceEvent call, bool isThere)
        {
            if (call.Kind == TraceEventKind.LateLookUp)
            {
                LateLookUps++;
                Lost += isThere ? 0 : 1;
                return;
            }

            LookUps++;
            LookUpBytes += call.Size;
            Hits += isThere ? 1 : 0;
            HitBytes += isThere ? call.Size : 0;
        }
    }
}
