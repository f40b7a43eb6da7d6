using System.Runtime.InteropServices;

namespace RemoteExec.Builds.Records;

/// <summary>What actions of a build are told apart by: as good as the whole hash, and shorter.</summary>
internal static class ActionKey
{
    private const int Length = 16;

    /// <summary>The key for a hash of at least 16 bytes. Both its ends count: who tries things out by hand makes hashes of zeros.</summary>
    public static UInt128 Of(ReadOnlySpan<byte> hash) => unchecked(MemoryMarshal.Read<UInt128>(hash) + (MemoryMarshal.Read<UInt128>(hash[^Length..]) * 2));
}
