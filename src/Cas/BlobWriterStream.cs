using System.Buffers;
using RemoteExec.Cas.Compression;

namespace RemoteExec.Cas;

/// <summary>Writes a blob as a stream; failures are those of the writer. To be committed by the writer, at the end.</summary>
/// <param name="writer">The writer; stays the caller's.</param>
public sealed class BlobWriterStream(BlobWriter writer) : WriteOnlyStream
{
    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => writer.WriteAsync(new ReadOnlySequence<byte>(buffer), cancellationToken);
}
