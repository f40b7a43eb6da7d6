using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections;

namespace RemoteExec.Rpc.Server.Limits;

/// <summary>
/// A connection's bytes, which are counted as they come and go. It gets them slower while memory is short and it holds much: TCP then holds its client back, before anything has to be refused.
/// </summary>
internal sealed class GuardedTransport(IDuplexPipe inner, GuardedConnection connection) : IDuplexPipe
{
    /// <inheritdoc/>
    public PipeReader Input { get; } = new GuardedReader(inner.Input, connection);

    /// <inheritdoc/>
    public PipeWriter Output { get; } = new GuardedWriter(inner.Output, connection);

    private sealed class GuardedReader(PipeReader inner, GuardedConnection connection) : PipeReader
    {
        private SequencePosition start; // of what was read last

        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
        public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
        {
            await connection.PauseAsync();
            ReadResult result = await inner.ReadAsync(cancellationToken);
            start = result.Buffer.Start;
            return result;
        }

        public override bool TryRead(out ReadResult result)
        {
            if (!inner.TryRead(out result))
                return false;
            start = result.Buffer.Start;
            return true;
        }

        public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
        {
            connection.CountMoved(IndexOf(consumed) - IndexOf(start));
            inner.AdvanceTo(consumed, examined);
        }

        public override void CancelPendingRead() => inner.CancelPendingRead();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);

        private static long IndexOf(SequencePosition position) =>
            (position.GetObject() is ReadOnlySequenceSegment<byte> segment ? segment.RunningIndex : 0) + position.GetInteger();
    }

    private sealed class GuardedWriter(PipeWriter inner, GuardedConnection connection) : PipeWriter
    {
        public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

        public override long UnflushedBytes => inner.UnflushedBytes;

        public override Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);

        public override void Advance(int bytes)
        {
            connection.CountMoved(bytes);
            inner.Advance(bytes);
        }

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => inner.FlushAsync(cancellationToken);

        public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
        {
            connection.CountMoved(source.Length);
            return inner.WriteAsync(source, cancellationToken);
        }

        public override void CancelPendingFlush() => inner.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);
    }
}
