namespace RemoteExec.Cas.Compression;

/// <summary>Reads memory.</summary>
internal sealed class MemoryReadStream(ReadOnlyMemory<byte> content) : ReadOnlyStream
{
    private ReadOnlyMemory<byte> rest = content;

    /// <summary>True if all was read.</summary>
    public bool IsAtEnd => rest.IsEmpty;

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int count = Math.Min(rest.Length, buffer.Length);
        rest[..count].CopyTo(buffer);
        rest = rest[count..];
        return ValueTask.FromResult(count);
    }
}
