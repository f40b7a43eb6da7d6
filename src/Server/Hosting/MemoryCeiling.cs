using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Hosting;

/// <summary>
/// How much memory the process may take, and what follows: of the ceiling three tenths are for calls, three quarters for the runtime's heap, which has these in it, what the server needs at rest, and what waits to be collected. The rest is
/// for code, stacks, and what libraries take of their own.
/// </summary>
/// <param name="Bytes">The ceiling.</param>
internal sealed record MemoryCeiling(long Bytes)
{
    /// <summary>With less than that the server does not start, as its own code and a few uploads would fill it.</summary>
    public const long Least = 256L << 20;

    private const int ConnectionBytes = 256 * 1024;
    private const int MostConnections = 10_000;

    /// <summary>What the calls may take together.</summary>
    public long ForCalls => Bytes / 10 * 3;

    /// <summary>How many connections there is memory for.</summary>
    public int Connections => (int)Math.Clamp(Bytes / ConnectionBytes, 1, MostConnections);

    /// <summary>The ceiling of a configuration; without one, all that the machine has, or the control group. Holds the runtime to it if there is one.</summary>
    /// <exception cref="StartupException">More is in use already.</exception>
    public static MemoryCeiling Apply(MemorySize? limit)
    {
        long available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (limit is not { } size)
            return new MemoryCeiling(Math.Max(available, Least));
        var ceiling = new MemoryCeiling(Math.Max(size.Resolve(available), Least));
        AppContext.SetData("GCHeapHardLimit", (ulong)(ceiling.Bytes / 4 * 3));
        try
        {
            GC.RefreshMemoryLimit();
        }
        catch (InvalidOperationException exception)
        {
            throw new StartupException($"memoryLimit: {exception.Message}", exception);
        }

        return ceiling;
    }
}
