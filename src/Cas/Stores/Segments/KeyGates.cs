namespace RemoteExec.Cas.Stores.Segments;

/// <summary>
/// Lets commits of one key happen one after the other, so that the order of their sequence numbers on disk is the order in which
/// readers see them. Keys share a few gates.
/// </summary>
internal sealed class KeyGates
{
    private readonly SemaphoreSlim[] gates = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1))];

    /// <summary>The gate of a key, to be entered and released by the caller.</summary>
    public SemaphoreSlim For(UInt128 tag) => gates[(int)((ulong)tag % (ulong)gates.Length)];
}
