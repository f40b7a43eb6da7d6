using System.Net;
using System.Net.Sockets;

namespace RemoteExec.Rpc.Server.Limits;

/// <summary>What one address has of the server: connections, and memory. Thread-safe.</summary>
internal sealed class AddressUse
{
    private const int NetworkBytes = 8;
    private long held;

    /// <summary>How many connections it has; guarded by the gate.</summary>
    public int Connections { get; set; }

    /// <summary>What they hold, together.</summary>
    public long Held => Interlocked.Read(ref held);

    /// <summary>Its connections hold so much more, or less.</summary>
    public void Count(long bytes) => Interlocked.Add(ref held, bytes);

    /// <summary>What counts as one address: of version 6 a network of 64 bits, as one machine has all of them.</summary>
    public static IPAddress Of(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return address;
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4();
        byte[] bytes = address.GetAddressBytes();
        bytes.AsSpan(NetworkBytes).Clear();
        return new IPAddress(bytes);
    }
}
