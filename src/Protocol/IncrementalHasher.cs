using System.Buffers;
using System.Security.Cryptography;

namespace RemoteExec.Protocol;

/// <summary>Computes a digest over content that arrives in pieces. Not thread-safe; reusable after <see cref="Finish(Span{byte})"/>.</summary>
public sealed class IncrementalHasher : IDisposable
{
    private readonly IncrementalHash hash;

    /// <summary>Starts an empty hash.</summary>
    /// <exception cref="NotSupportedException">This server does not compute the function.</exception>
    public IncrementalHasher(DigestFunction function)
    {
        Function = function;
        hash = IncrementalHash.CreateHash(
            function.FrameworkAlgorithm() ?? throw new NotSupportedException($"digest function {function} is not supported"));
    }

    /// <summary>The function that is computed.</summary>
    public DigestFunction Function { get; }

    /// <summary>The number of bytes appended since the start.</summary>
    public long Length { get; private set; }

    /// <summary>Hashes content that is at hand in one piece.</summary>
    /// <exception cref="NotSupportedException">This server does not compute the function.</exception>
    public static Digest Compute(InstanceName instance, DigestFunction function, ReadOnlySpan<byte> content)
    {
        Span<byte> bytes = stackalloc byte[Digest.MaxHashLength];
        int length = CryptographicOperations.HashData(
            function.FrameworkAlgorithm() ?? throw new NotSupportedException($"digest function {function} is not supported"), content, bytes);
        return Digest.Create(instance, function, bytes[..length], content.Length);
    }

    /// <summary>Appends content.</summary>
    public void Append(ReadOnlySpan<byte> content)
    {
        hash.AppendData(content);
        Length += content.Length;
    }

    /// <inheritdoc cref="Append(ReadOnlySpan{byte})"/>
    public void Append(in ReadOnlySequence<byte> content)
    {
        foreach (ReadOnlyMemory<byte> piece in content)
            Append(piece.Span);
    }

    /// <summary>Writes the hash and starts anew.</summary>
    /// <returns>The length of the hash in bytes.</returns>
    public int Finish(Span<byte> destination)
    {
        int length = hash.GetHashAndReset(destination);
        Length = 0;
        return length;
    }

    /// <summary>Returns the digest of what was appended and starts anew.</summary>
    public Digest Finish(InstanceName instance)
    {
        Span<byte> bytes = stackalloc byte[Digest.MaxHashLength];
        long size = Length;
        int length = Finish(bytes);
        return Digest.Create(instance, Function, bytes[..length], size);
    }

    /// <summary>Releases the native hash state.</summary>
    public void Dispose() => hash.Dispose();
}
