namespace RemoteExec.Protocol;

/// <summary>The REAPI's digest functions, with the numbers they have on the wire (<c>DigestFunction.Value</c>).</summary>
public enum DigestFunction
{
    /// <summary>Not stated; never valid inside the server, where a function is always known.</summary>
    Unknown = 0,

    /// <summary>SHA-256, 32 bytes.</summary>
    Sha256 = 1,

    /// <summary>SHA-1, 20 bytes.</summary>
    Sha1 = 2,

    /// <summary>MD5, 16 bytes.</summary>
    Md5 = 3,

    /// <summary>Microsoft's paged VSO hash, 33 bytes.</summary>
    Vso = 4,

    /// <summary>SHA-384, 48 bytes.</summary>
    Sha384 = 5,

    /// <summary>SHA-512, 64 bytes.</summary>
    Sha512 = 6,

    /// <summary>Murmur3 x64 128, 16 bytes.</summary>
    Murmur3 = 7,

    /// <summary>SHA-256 as a binary tree, 32 bytes.</summary>
    Sha256Tree = 8,

    /// <summary>BLAKE3, 32 bytes.</summary>
    Blake3 = 9,

    /// <summary>SHA-1 of a Git blob object, 20 bytes.</summary>
    GitSha1 = 10,
}
