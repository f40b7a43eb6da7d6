using System.Numerics;

namespace RemoteExec.Benchmarks.Eviction;

/// <summary>
/// W-TinyLFU: a window of 1 % that is LRU; what leaves it is admitted to the rest only in the place of what was seen less often. The rest is a segmented LRU, four fifths of which are for
/// what was used since it came there. A blob that is not admitted was written nevertheless.
/// </summary>
/// <param name="maxBytes">The bound.</param>
/// <param name="meanSize">About how long a blob is: uses are forgotten after ten times as many as there is room for blobs.</param>
internal sealed class TinyLfuPolicy(long maxBytes, long meanSize) : IEvictionPolicy
{
    private readonly FrequencySketch sketch = new((int)BitOperations.RoundUpToPowerOf2((uint)(maxBytes / meanSize)));
    private readonly Dictionary<int, (LinkedListNode<(int Blob, int Size)> Node, Part Part)> blobs = [];
    private readonly Part window = new(maxBytes / 100);
    private readonly Part probation = new(maxBytes - (maxBytes / 100));
    private readonly Part used = new((maxBytes - (maxBytes / 100)) / 5 * 4);

    /// <inheritdoc/>
    public string Name => "W-TinyLFU";

    /// <inheritdoc/>
    public long WrittenBytes { get; private set; }

    /// <inheritdoc/>
    public void Enter(TraceEvent call)
    {
        // It keeps nothing for builds.
    }

    /// <inheritdoc/>
    public ValueTask<bool> LookUpAsync(TraceEvent call)
    {
        sketch.Add(call.Blob);
        if (!blobs.TryGetValue(call.Blob, out (LinkedListNode<(int Blob, int Size)> Node, Part Part) found))
            return ValueTask.FromResult(false);
        found.Part.Remove(found.Node);
        Put(found.Node.Value, found.Part == window ? window : used);
        while (used.Bytes > used.MaxBytes)
            Put(used.TakeOldest(), probation);
        return ValueTask.FromResult(true);
    }

    /// <inheritdoc/>
    public ValueTask UploadAsync(TraceEvent call)
    {
        if (call.Kind == TraceEventKind.Upload)
            sketch.Add(call.Blob);
        WrittenBytes += call.Size;
        Put((call.Blob, call.Size), window);
        while (window.Bytes > window.MaxBytes)
            Admit(window.TakeOldest());
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private void Admit((int Blob, int Size) candidate)
    {
        // Probation may take what the used part leaves of the rest.
        while (probation.Bytes + used.Bytes + candidate.Size > probation.MaxBytes)
        {
            Part from = probation.Bytes > 0 ? probation : used;
            if (sketch.Estimate(candidate.Blob) <= sketch.Estimate(from.Oldest.Blob))
            {
                blobs.Remove(candidate.Blob);
                return;
            }

            blobs.Remove(from.TakeOldest().Blob);
        }

        Put(candidate, probation);
    }

    private void Put((int Blob, int Size) blob, Part part) => blobs[blob.Blob] = (part.Add(blob), part);

    private sealed class Part(long maxBytes)
    {
        private readonly LinkedList<(int Blob, int Size)> order = [];

        public long MaxBytes => maxBytes;

        public long Bytes { get; private set; }

        public (int Blob, int Size) Oldest => order.First!.Value;

        public LinkedListNode<(int Blob, int Size)> Add((int Blob, int Size) blob)
        {
            Bytes += blob.Size;
            return order.AddLast(blob);
        }

        public void Remove(LinkedListNode<(int Blob, int Size)> node)
        {
            Bytes -= node.Value.Size;
            order.Remove(node);
        }

        public (int Blob, int Size) TakeOldest()
        {
            (int Blob, int Size) oldest = Oldest;
            Remove(order.First!);
            return oldest;
        }
    }
}
