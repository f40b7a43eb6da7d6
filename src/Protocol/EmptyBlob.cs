using RemoteExec.Protocol.Hashing;

namespace RemoteExec.Protocol;

/// <summary>The hashes of the empty blob (DIG-03, DIG-04), computed once.</summary>
public static class EmptyBlob
{
    private static readonly byte[][] hashes = MakeHashes();

    /// <summary>The digest of the empty blob.</summary>
    public static Digest DigestOf(InstanceName instance, DigestFunction function) => Digest.Create(instance, function, HashOf(function), 0);

    /// <summary>The hash of the empty blob; empty for a function that this server does not compute.</summary>
    public static ReadOnlySpan<byte> HashOf(DigestFunction function) => (int)function < hashes.Length ? hashes[(int)function] : [];

    private static byte[][] MakeHashes()
    {
        var result = new byte[(int)DigestFunction.GitSha1 + 1][];
        Array.Fill(result, []);
        foreach (DigestFunction function in DigestFunctions.Supported)
        {
            var hash = new byte[function.HashLength()];
            ContentHash.Compute(function, [], hash);
            result[(int)function] = hash;
        }

        return result;
    }
}
