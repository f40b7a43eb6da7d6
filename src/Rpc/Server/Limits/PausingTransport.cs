using System.IO.Pipelines;

namespace RemoteExec.Rpc.Server.Limits;

/// <summary>A connection's bytes, which it gets slower while memory is short and it holds much: TCP then holds its client back, before anything has to be refused.</summary>
internal sealed class PausingTransport(IDuplexPipe inner, GuardedConnection connection) : IDuplexPipe
{
    /// <inheritdoc/>
    public PipeReader Input { get; } = new PausingReader(inner.Input, connection);

    /// <inheritdoc/>
    public PipeWriter Output => inner.Output;

    private sealed class PausingReader(PipeReader inner, GuardedConnection connection) : PipeReader
    {
        public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
        {
            ValueTask pause = connection.PauseAsync();
            return pause.IsCompletedSuccessfully ? inner.ReadAsync(cancellationToken) : ReadLaterAsync(pause, cancellationToken);
        }

        public override bool TryRead(out ReadResult result) => inner.TryRead(out result);

        public override void AdvanceTo(SequencePosition consumed) => inner.AdvanceTo(consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => inner.AdvanceTo(consumed, examined);

        public override void CancelPendingRead() => inner.CancelPendingRead();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);

        private async ValueTask<ReadResult> ReadLaterAsync(ValueTask pause, CancellationToken cancellationToken)
        {
            await pause;
            return await inner.ReadAsync(cancellationToken);
        }
    }
}
