using System.Collections.Concurrent;
using System.Text.Json;

namespace RemoteExec.Benchmarks.Soak;

/// <summary>What happened; may be used by several threads.</summary>
internal sealed class SoakTally
{
    private readonly ConcurrentQueue<string> wrongs = [];
    private long writes;
    private long reads;
    private long misses;
    private long refusals;
    private long bytes;
    private long memory;
    private int files;

    /// <summary>What must not happen, each as a sentence.</summary>
    public IReadOnlyCollection<string> Wrongs => wrongs;

    /// <summary>Uploads that were acknowledged, and reads that were compared with what they have to be.</summary>
    public long Done => Interlocked.Read(ref writes) + Interlocked.Read(ref reads);

    /// <summary>The most memory and the most open files that the server had.</summary>
    public (long Memory, int Files) Most => (memory, files);

    /// <summary>An upload was acknowledged.</summary>
    public void Wrote(long count)
    {
        Interlocked.Increment(ref writes);
        Interlocked.Add(ref bytes, count);
    }

    /// <summary>A blob was read and was right.</summary>
    public void Read(long count)
    {
        Interlocked.Increment(ref reads);
        Interlocked.Add(ref bytes, count);
    }

    /// <summary>A blob was evicted.</summary>
    public void Missed() => Interlocked.Increment(ref misses);

    /// <summary>A call ended with an error, because the server was killed meanwhile or was full.</summary>
    public void Refused() => Interlocked.Increment(ref refusals);

    /// <summary>What must not happen.</summary>
    public void Wrong(string what) => wrongs.Enqueue(what);

    /// <summary>What the server takes now.</summary>
    public void Took(long memoryNow, int filesNow)
    {
        memory = Math.Max(memory, memoryNow);
        files = Math.Max(files, filesNow);
    }

    /// <summary>Tells it all.</summary>
    public void Report(SoakServer server, int kills, TimeSpan time, bool asJson)
    {
        (string Name, object Value)[] rows =
        [
            ("minutes", Math.Round(time.TotalMinutes, 1)), ("uploads", writes), ("reads compared", reads), ("evicted before they were read", misses),
            ("calls refused, most while the server was down", refusals), ("GB moved", Math.Round(bytes / 1e9, 2)), ("kills", kills), ("starts", server.Starts),
            ("longest start in ms", (long)server.LongestStart.TotalMilliseconds), ("most memory in MiB", memory >> 20), ("most open files", files), ("wrongs", wrongs.Count),
        ];
        if (asJson)
        {
            Console.WriteLine(JsonSerializer.Serialize(rows.ToDictionary(row => row.Name, row => row.Value)));
        }
        else
        {
            foreach ((string name, object value) in rows)
                Console.WriteLine($"{name,-48} {value,12}");
        }

        foreach (string wrong in wrongs.Take(20))
            Console.Error.WriteLine($"WRONG: {wrong}");
    }
}
