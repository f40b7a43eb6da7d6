using System.Security.Cryptography;

namespace RemoteExec.Execution.Provenance;

/// <summary>Keys on the curve P-256, as PEM files have them: what <c>openssl ecparam -name prime256v1 -genkey</c> writes, and <c>openssl ec -pubout</c>.</summary>
internal static class ProvenanceKey
{
    private const string Curve = "1.2.840.10045.3.1.7";

    /// <summary>The private key in a PEM text; the caller disposes it.</summary>
    /// <exception cref="FormatException">There is none in it; the message does not quote it.</exception>
    public static ECDsa ReadPrivate(string pem)
    {
        // Before it may stand which curve it is on.
        foreach ((string label, string block) in BlocksOf(pem))
        {
            if (label is not ("EC PRIVATE KEY" or "PRIVATE KEY"))
                continue;
            return Import(block) is { } key ? key : throw new FormatException("its private key is not on the curve P-256");
        }

        throw new FormatException("there is no private key in it: 'openssl ecparam -name prime256v1 -genkey -noout' makes one");
    }

    /// <summary>The public keys in a PEM text; the caller disposes them.</summary>
    /// <exception cref="FormatException">There is none in it, or one that is not on this curve.</exception>
    public static IReadOnlyList<ECDsa> ReadPublic(string pem)
    {
        List<ECDsa> keys = [];
        foreach ((string label, string block) in BlocksOf(pem))
        {
            if (label == "PUBLIC KEY")
                keys.Add(Import(block) ?? throw new FormatException("a key in it is not on the curve P-256"));
        }

        return keys.Count > 0 ? keys : throw new FormatException("there is no public key in it: 'openssl ec -in KEY -pubout' writes one");
    }

    /// <summary>Which key it is: the SHA-256 of its public half, in hex.</summary>
    public static string IdOf(ECDsa key) => Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()));

    private static ECDsa? Import(string block)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(block);
            if (key.ExportParameters(includePrivateParameters: false).Curve.Oid is { } curve && (curve.Value == Curve || curve.FriendlyName is "nistP256" or "ECDSA_P256"))
                return key;
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            // Of another kind.
        }

        key.Dispose();
        return null;
    }

    private static List<(string Label, string Block)> BlocksOf(string pem)
    {
        List<(string, string)> blocks = [];
        ReadOnlySpan<char> rest = pem;
        while (PemEncoding.TryFind(rest, out PemFields fields))
        {
            blocks.Add((rest[fields.Label].ToString(), rest[fields.Location].ToString()));
            rest = rest[fields.Location.End..];
        }

        return blocks;
    }
}
