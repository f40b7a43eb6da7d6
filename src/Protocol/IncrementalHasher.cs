using System.Buffers;
using RemoteExec.Protocol.Hashing;

namespace RemoteExec.Protocol;

/// <summary>Computes a digest over content that arrives in pieces. Not thread-safe.</summary>
public sealed class IncrementalHasher : IDisposable
{
    private readonly ContentHash hash;

    /// <summary>Starts an empty hash.</summary>
    /// <param name="function">The function.</param>
    /// <param name="length">The length of the content in bytes: GITSHA1 begins with it, and is wrong if another length is appended.</param>
    /// <exception cref="NotSupportedException">This server does not compute the function.</exception>
    public IncrementalHasher(DigestFunction function, long length)
    {
        Function = function;
        hash = ContentHash.Create(function, length);
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
        int length = ContentHash.Compute(function, content, bytes);
        return Digest.Create(instance, function, bytes[..length], content.Length);
    }

    /// <summary>Appends content.</summary>
    public void Append(ReadOnlySpan<byte> content)
    {
        hash.Append(content);
        Length += content.Length;
    }

    /// <inheritdoc cref="Append(ReadOnlySpan{byte})"/>
    public void Append(in ReadOnlySequence<byte> content)
    {
        foreach (ReadOnlyMemory<byte> piece in content)
            Append(piece.Span);
    }

    /// <summary>Returns the digest of what was appended; to be called once.</summary>
    public Digest Finish(InstanceName instance)
    {
        Span<byte> bytes = stackalloc byte[Digest.MaxHashLength];
        int length = hash.Finish(bytes);
        return Digest.Create(instance, Function, bytes[..length], Length);
    }

    /// <summary>Releases the native hash state.</summary>
    public void Dispose() => hash.Dispose();
}
