namespace RemoteExec.Benchmarks.Eviction;

/// <summary>LRU, or FIFO if uses do not matter: exact to the byte, as a cache with a file for each blob could be.</summary>
internal sealed class ListPolicy(string name, long maxBytes, bool moveOnUse) : IEvictionPolicy
{
    private readonly Dictionary<int, LinkedListNode<(int Blob, int Size)>> blobs = [];
    private readonly LinkedList<(int Blob, int Size)> order = []; // the next to be evicted first
    private long bytes;

    /// <inheritdoc/>
    public string Name => name;

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
        if (!blobs.TryGetValue(call.Blob, out LinkedListNode<(int Blob, int Size)>? node))
            return ValueTask.FromResult(false);
        if (moveOnUse)
        {
            order.Remove(node);
            order.AddLast(node);
        }

        return ValueTask.FromResult(true);
    }

    /// <inheritdoc/>
    public ValueTask UploadAsync(TraceEvent call)
    {
        blobs[call.Blob] = order.AddLast((call.Blob, call.Size));
        bytes += call.Size;
        WrittenBytes += call.Size;
        while (bytes > maxBytes)
        {
            (int blob, int size) = order.First!.Value;
            order.RemoveFirst();
            blobs.Remove(blob);
            bytes -= size;
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
