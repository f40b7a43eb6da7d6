using System.Security.Cryptography;

namespace RemoteExec.Protocol;

/// <summary>What is known of each <see cref="DigestFunction"/>: its length, its name in resource names, and whether this server computes it.</summary>
public static class DigestFunctions
{
    // Marks the keys of recipes. The API's numbers stay below, and no request gets past IsSupported with one above.
    private const DigestFunction RecipeMark = (DigestFunction)0x80;

    // An array: each digest of a request is looked up here, and enumerating an interface allocates.
    private static readonly DigestFunction[] supported =
    [
        DigestFunction.Sha256, DigestFunction.Sha1, DigestFunction.Md5, DigestFunction.Sha384, DigestFunction.Sha512,
        DigestFunction.Blake3, DigestFunction.Sha256Tree, DigestFunction.GitSha1,
    ];

    /// <summary>The functions this server can compute, in the order in which it advertises them.</summary>
    public static IReadOnlyList<DigestFunction> Supported => supported;

    /// <summary>The length of a hash in bytes; 0 for a number that is no digest function.</summary>
    public static int HashLength(this DigestFunction function) => (function & ~RecipeMark) switch
    {
        DigestFunction.Md5 or DigestFunction.Murmur3 => 16,
        DigestFunction.Sha1 or DigestFunction.GitSha1 => 20,
        DigestFunction.Sha256 or DigestFunction.Sha256Tree or DigestFunction.Blake3 => 32,
        DigestFunction.Vso => 33,
        DigestFunction.Sha384 => 48,
        DigestFunction.Sha512 => 64,
        _ => 0,
    };

    /// <summary>The lower-case enum name, as it stands in resource names (DIG-06).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The function is <see cref="DigestFunction.Unknown"/> or no function.</exception>
    public static string Name(this DigestFunction function) => function switch
    {
        DigestFunction.Sha256 => "sha256",
        DigestFunction.Sha1 => "sha1",
        DigestFunction.Md5 => "md5",
        DigestFunction.Vso => "vso",
        DigestFunction.Sha384 => "sha384",
        DigestFunction.Sha512 => "sha512",
        DigestFunction.Murmur3 => "murmur3",
        DigestFunction.Sha256Tree => "sha256tree",
        DigestFunction.Blake3 => "blake3",
        DigestFunction.GitSha1 => "gitsha1",
        > RecipeMark => $"recipe of {(function & ~RecipeMark).Name()}",
        _ => throw new ArgumentOutOfRangeException(nameof(function), function, "no digest function"),
    };

    /// <summary>True for the functions whose name must stand in a resource name (DIG-07): their hash length does not identify them.</summary>
    public static bool NeedsNameInResource(this DigestFunction function) =>
        function is DigestFunction.Sha256Tree or DigestFunction.Blake3 or DigestFunction.GitSha1;

    /// <summary>True if this server computes the function.</summary>
    public static bool IsSupported(this DigestFunction function) => supported.AsSpan().Contains(function);

    /// <summary>
    /// The supported function that a hash of this many hexadecimal digits means when no function is stated (DIG-08);
    /// <see cref="DigestFunction.Unknown"/> if there is none. SHA256TREE, BLAKE3 and GITSHA1 are never inferred.
    /// </summary>
    public static DigestFunction Infer(int hexDigits)
    {
        foreach (DigestFunction function in supported)
        {
            if (!function.NeedsNameInResource() && function.HashLength() * 2 == hexDigits)
                return function;
        }

        return DigestFunction.Unknown;
    }

    /// <summary>The function whose lower-case enum name this is; <see cref="DigestFunction.Unknown"/> if there is none.</summary>
    public static DigestFunction FromName(ReadOnlySpan<char> name)
    {
        for (DigestFunction function = DigestFunction.Sha256; function <= DigestFunction.GitSha1; function++)
        {
            if (name.SequenceEqual(function.Name()))
                return function;
        }

        return DigestFunction.Unknown;
    }

    /// <summary>What stands in the place of the function in the key of a recipe.</summary>
    internal static DigestFunction Recipe(this DigestFunction function) => function | RecipeMark;

    /// <summary>The framework's name of the algorithm; null for functions that the framework does not have.</summary>
    internal static HashAlgorithmName? FrameworkAlgorithm(this DigestFunction function) => function switch
    {
        DigestFunction.Sha256 => HashAlgorithmName.SHA256,
        DigestFunction.Sha1 => HashAlgorithmName.SHA1,
        DigestFunction.Md5 => HashAlgorithmName.MD5,
        DigestFunction.Sha384 => HashAlgorithmName.SHA384,
        DigestFunction.Sha512 => HashAlgorithmName.SHA512,
        _ => null,
    };
}
