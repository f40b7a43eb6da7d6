using System.Security.Cryptography;
using System.Text;

namespace RemoteExec.Protocol.Hashing;

/// <summary>GITSHA1: SHA-1 over "blob", the length in decimal and a zero, then the content, as Git names its blobs (DIG-14).</summary>
internal sealed class GitSha1Hash : ContentHash
{
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);

    /// <summary>Starts it.</summary>
    /// <param name="length">The length of the content in bytes; with another one the hash is not that of the content.</param>
    public GitSha1Hash(long length) => hash.AppendData(Encoding.ASCII.GetBytes($"blob {length}\0"));

    /// <inheritdoc/>
    public override void Append(ReadOnlySpan<byte> content) => hash.AppendData(content);

    /// <inheritdoc/>
    public override int Finish(Span<byte> destination) => hash.GetHashAndReset(destination);

    /// <inheritdoc/>
    public override void Dispose() => hash.Dispose();
}
