namespace RemoteExec.Cas.Stores.S3;

/// <summary>
/// Windows of packs that were read lately, in memory up to a bound. What was written together is often read together, and lies side by side: with one request for a window
/// the neighbours of a blob come along. However many want a window at a time, it is read once.
/// </summary>
internal sealed class WindowCache(Bucket bucket, long maxBytes, S3Metrics metrics) : IAsyncDisposable
{
    /// <summary>The length of a window; the last one of a pack is shorter.</summary>
    public const int WindowBytes = 256 << 10;

    private readonly Lock gate = new(); // guards the fields below
    private readonly Dictionary<Key, LinkedListNode<Window>> windows = [];
    private readonly LinkedList<Window> byUse = []; // the most recently used first
    private readonly CancellationTokenSource stopping = new();

    /// <summary>How many windows may be kept.</summary>
    private int Most => (int)Math.Max(1, maxBytes / WindowBytes);

    /// <summary>A window of a pack; null if the pack is not in the bucket. Not to be changed.</summary>
    /// <param name="pack">The pack.</param>
    /// <param name="packLength">How long it is.</param>
    /// <param name="number">Which window, from 0.</param>
    /// <param name="cancellationToken">Ends the wait; the request goes on, for others.</param>
    /// <exception cref="StoreUnavailableException">The bucket can't be read.</exception>
    public async ValueTask<byte[]?> GetAsync(PackName pack, long packLength, long number, CancellationToken cancellationToken)
    {
        LinkedListNode<Window>? node;
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(stopping.IsCancellationRequested, typeof(S3Store));
            var key = new Key(pack, number);
            if (windows.TryGetValue(key, out node) && (node.Value.Content.IsFaulted || node.Value.Content.IsCanceled))
                Remove(node); // whoever wanted it had left before it failed
            bool isHit = windows.TryGetValue(key, out node);
            metrics.Window(isHit);
            if (isHit)
            {
                byUse.Remove(node!);
            }
            else
            {
                long start = number * WindowBytes;
                int length = (int)Math.Min(WindowBytes, packLength - start);
                node = new LinkedListNode<Window>(new Window(key, Task.Run(() => bucket.GetAsync(pack.Key, start, length, stopping.Token))));
                windows[key] = node;
                if (windows.Count > Most)
                    Remove(byUse.Last!);
            }

            byUse.AddFirst(node!);
        }

        try
        {
            byte[]? content = await node!.Value.Content.WaitAsync(cancellationToken);
            if (content is null)
                Forget(node);
            return content;
        }
        catch when (node!.Value.Content.IsFaulted || node.Value.Content.IsCanceled)
        {
            Forget(node);
            throw;
        }
    }

    /// <summary>A window turned out to be damaged: the next one who wants it reads it anew.</summary>
    public void Forget(PackName pack, long number)
    {
        lock (gate)
        {
            if (windows.TryGetValue(new Key(pack, number), out LinkedListNode<Window>? node))
                Remove(node);
        }
    }

    /// <summary>Ends the requests that are under way.</summary>
    public async ValueTask DisposeAsync()
    {
        Task[] pending;
        lock (gate)
        {
            stopping.Cancel();
            pending = [.. byUse.Select(window => window.Content)];
        }

        await Task.WhenAll(pending).ContinueWith(static _ => { }, TaskScheduler.Default); // whoever waits for one is told how it ended
    }

    private void Forget(LinkedListNode<Window> node)
    {
        lock (gate)
        {
            if (node.List is not null)
                Remove(node);
        }
    }

    private void Remove(LinkedListNode<Window> node)
    {
        byUse.Remove(node);
        windows.Remove(node.Value.Key);
    }

    private readonly record struct Key(PackName Pack, long Number);

    private sealed record Window(Key Key, Task<byte[]?> Content);
}
