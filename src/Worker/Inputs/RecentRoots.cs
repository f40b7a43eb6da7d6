using RemoteExec.Protocol;

namespace RemoteExec.Worker.Inputs;

/// <summary>Knows which input roots came lately. May be called concurrently.</summary>
/// <param name="capacity">How many it remembers.</param>
internal sealed class RecentRoots(int capacity)
{
    private readonly Lock gate = new(); // guards everything below
    private readonly HashSet<Digest> known = [];
    private readonly Queue<Digest> byAge = new();

    /// <summary>Notes that a root came; true if it had come before.</summary>
    public bool CameBefore(Digest root)
    {
        lock (gate)
        {
            if (!known.Add(root))
                return true;
            byAge.Enqueue(root);
            if (byAge.Count > capacity)
                known.Remove(byAge.Dequeue());
            return false;
        }
    }
}
