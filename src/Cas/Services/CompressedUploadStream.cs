using System.Buffers;
using RemoteExec.Cas.Compression;
using RemoteExec.Cas.Frames;

namespace RemoteExec.Cas.Services;

/// <summary>Reads the data of an upload's messages one behind the other, to the one with finish_write or to the half-close.</summary>
/// <param name="first">The first message.</param>
/// <param name="moveNext">Gets the next message; null at the half-close. It takes the memory of the one before.</param>
internal sealed class CompressedUploadStream(WriteRequestFrame first, Func<ValueTask<WriteRequestFrame?>> moveNext) : ReadOnlyStream
{
    private ReadOnlySequence<byte> data = first.Data;
    private bool isFinished = first.FinishWrite;

    /// <summary>Where the data received so far ends: the first offset and the compressed bytes.</summary>
    public long CompressedEnd { get; private set; } = first.WriteOffset + first.Data.Length;

    /// <summary>True if the client half-closed without finish_write.</summary>
    public bool IsHalfClosed { get; private set; }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (data.IsEmpty && !isFinished && !IsHalfClosed)
        {
            data = default; // its memory goes
            if (await moveNext() is not { } message)
            {
                IsHalfClosed = true;
                break;
            }

            if (message.WriteOffset != CompressedEnd)
                throw RequestArguments.Invalid($"write_offset is {message.WriteOffset}, but {CompressedEnd} is where the compressed data sent so far ends");
            data = message.Data;
            isFinished = message.FinishWrite;
            CompressedEnd += data.Length;
        }

        int count = (int)Math.Min(data.Length, buffer.Length);
        data.Slice(0, count).CopyTo(buffer.Span);
        data = data.Slice(count);
        return count;
    }
}
