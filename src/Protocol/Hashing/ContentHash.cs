using System.Security.Cryptography;

namespace RemoteExec.Protocol.Hashing;

/// <summary>The state of a hash over content that arrives in pieces. Not thread-safe.</summary>
internal abstract class ContentHash : IDisposable
{
    /// <summary>Starts one.</summary>
    /// <param name="function">The function.</param>
    /// <param name="length">The length of the content in bytes: some functions begin with it.</param>
    /// <exception cref="NotSupportedException">This server does not compute the function.</exception>
    public static ContentHash Create(DigestFunction function, long length) => function switch
    {
        DigestFunction.Blake3 => new Blake3Hash(),
        DigestFunction.Sha256Tree => new Sha256TreeHash(),
        DigestFunction.GitSha1 => new GitSha1Hash(length),
        _ => new FrameworkHash(function.FrameworkAlgorithm() ?? throw new NotSupportedException($"digest function {function} is not supported")),
    };

    /// <summary>Hashes content that is at hand in one piece; returns the length of the hash.</summary>
    /// <exception cref="NotSupportedException">This server does not compute the function.</exception>
    public static int Compute(DigestFunction function, ReadOnlySpan<byte> content, Span<byte> destination)
    {
        if (function.FrameworkAlgorithm() is { } algorithm)
            return CryptographicOperations.HashData(algorithm, content, destination);
        using ContentHash hash = Create(function, content.Length);
        hash.Append(content);
        return hash.Finish(destination);
    }

    /// <summary>Appends content.</summary>
    public abstract void Append(ReadOnlySpan<byte> content);

    /// <summary>Writes the hash, once, and returns its length in bytes.</summary>
    public abstract int Finish(Span<byte> destination);

    /// <inheritdoc/>
    public virtual void Dispose()
    {
    }
}
