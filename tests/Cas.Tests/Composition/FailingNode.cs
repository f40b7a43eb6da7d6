using RemoteExec.Cas.Stores;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Composition;

/// <summary>A store that can be put out of reach, and counts how often it was asked.</summary>
internal sealed class FailingNode
{
    private int asked;

    public FailingNode(long maxBytes = 64 * 1024 * 1024)
    {
        Kept = new MemoryStore(maxBytes);
        Store = new FaultyStore(Kept)
        {
            Before = (_, _) =>
            {
                Interlocked.Increment(ref asked);
                return IsDown ? throw new StoreUnavailableException("node", new IOException("cut off")) : ValueTask.CompletedTask;
            },
        };
    }

    /// <summary>What others see of it.</summary>
    public FaultyStore Store { get; }

    /// <summary>What it keeps, whether within reach or not.</summary>
    public MemoryStore Kept { get; }

    public bool IsDown { get; set; }

    public int Asked => Volatile.Read(ref asked);
}
