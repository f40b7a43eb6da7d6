using System.Security.Cryptography;

namespace RemoteExec.Protocol.Hashing;

/// <summary>A function that .NET has.</summary>
internal sealed class FrameworkHash(HashAlgorithmName algorithm) : ContentHash
{
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(algorithm);

    /// <inheritdoc/>
    public override void Append(ReadOnlySpan<byte> content) => hash.AppendData(content);

    /// <inheritdoc/>
    public override int Finish(Span<byte> destination) => hash.GetHashAndReset(destination);

    /// <inheritdoc/>
    public override void Dispose() => hash.Dispose();
}
