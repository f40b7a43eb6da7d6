namespace RemoteExec.Server.Telemetry;

/// <summary>
/// What belongs to those who used the cache a short while ago, found by what their calls say, byte for byte: most calls say what others have just said. May be used concurrently; what is
/// replaced is looked for elsewhere again.
/// </summary>
internal sealed class RecentUsers<T>
    where T : class
{
    private const int Slots = 256;
    private const int MostBytes = 256; // of a name that is kept: longer ones are in no bounded set either

    private readonly Entry?[] entries = new Entry?[Slots];

    /// <summary>What was added for the same; null if nothing was, or something else since.</summary>
    /// <param name="service">The service, one of few texts.</param>
    /// <param name="instance">The instance.</param>
    /// <param name="agent">The user agent; null if that does not count.</param>
    /// <param name="client">What the metadata say.</param>
    public T? Find(string service, string instance, string? agent, in CacheClient client)
    {
        Entry? entry = entries[SlotOf(service, client)];
        return entry is not null && entry.Service == service && entry.Instance == instance && entry.Agent == agent
            && client.Mnemonic.SequenceEqual(entry.Mnemonic) && client.Tool.SequenceEqual(entry.Tool)
            ? entry.Value
            : null;
    }

    /// <summary>Adds what belongs to a user.</summary>
    public void Add(string service, string instance, string? agent, in CacheClient client, T value)
    {
        if (client.Tool.Length + client.Mnemonic.Length <= MostBytes)
            entries[SlotOf(service, client)] = new Entry(service, instance, agent, client.Tool.ToArray(), client.Mnemonic.ToArray(), value);
    }

    // Mnemonics that begin and end alike and are as long share a slot, which costs no more than to look elsewhere.
    private static int SlotOf(string service, in CacheClient client)
    {
        ReadOnlySpan<byte> mnemonic = client.Mnemonic;
        int hash = (mnemonic.Length * 31) + service.Length;
        if (mnemonic.Length > 0)
            hash += (mnemonic[0] * 7) + (mnemonic[^1] * 13) + (mnemonic[mnemonic.Length / 2] * 17);
        return hash & (Slots - 1);
    }

    private sealed record Entry(string Service, string Instance, string? Agent, byte[] Tool, byte[] Mnemonic, T Value);
}
