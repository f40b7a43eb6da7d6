using System.Buffers;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Services;

/// <summary>
/// One upload: an unfinished writer and how far it got. At any time at most one Write call holds it; between calls it is idle, in the care of
/// <see cref="UploadSessions"/>.
/// </summary>
internal sealed class UploadSession(ResourceName name) : IAsyncDisposable
{
    private BlobWriter? writer;
    private CancellationTokenSource takenOver = new(); // has neither timer nor handle, so that nothing needs disposing
    private TaskCompletionSource left = new();
    private long committedSize;
    private long skip;

    /// <summary>The full resource name it is known under.</summary>
    public ResourceName Name { get; } = name;

    /// <summary>The bytes that the writer has taken (BSW-13). May be read while a call appends.</summary>
    public long CommittedSize => Volatile.Read(ref committedSize);

    /// <summary>True once the writer failed: how much it took is then not known.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>True while a Write call holds it. Guarded by the lock of <see cref="UploadSessions"/>, as are the two below.</summary>
    public bool IsHeld { get; private set; }

    /// <summary>When the last call left it.</summary>
    public DateTimeOffset IdleSince { get; set; }

    /// <summary>The committed size that the client was told last: it may count on it (BSW-13).</summary>
    public long ReportedSize { get; set; }

    /// <summary>Fires when another call wants to continue the upload: its client has given up the call that holds it.</summary>
    public CancellationToken TakenOver => takenOver.Token;

    /// <summary>
    /// True if a call may begin here: at the committed size, at the one that its client was told, or at the start, as clients do that
    /// don't ask. What it repeats is skipped.
    /// </summary>
    public bool CanContinueAt(long offset) => offset == CommittedSize || offset == ReportedSize || offset == 0;

    /// <summary>Gives the session to a call that begins at <paramref name="offset"/>.</summary>
    public void Hold(long offset)
    {
        IsHeld = true;
        skip = CommittedSize - offset;
        if (!left.Task.IsCompleted)
            return;
        left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        takenOver = new CancellationTokenSource();
    }

    /// <summary>Takes the session from the call that held it.</summary>
    public void Release()
    {
        IsHeld = false;
        left.TrySetResult();
    }

    /// <summary>Asks the holding call to end; the task completes when it has left.</summary>
    public (CancellationTokenSource Source, Task Left) TakeOver() => (takenOver, left.Task);

    /// <summary>Appends data, less what earlier calls have brought already.</summary>
    public async ValueTask AppendAsync(IBlobStore cas, ReadOnlySequence<byte> data, CancellationToken cancellationToken)
    {
        long repeated = Math.Min(skip, data.Length);
        skip -= repeated;
        ReadOnlySequence<byte> news = data.Slice(repeated);
        if (news.IsEmpty)
            return;
        IsBroken = true;
        writer ??= await cas.OpenWriteAsync(Name.Digest, Name.Digest.SizeBytes, cancellationToken);
        await writer.WriteAsync(news, cancellationToken);
        Volatile.Write(ref committedSize, committedSize + news.Length);
        IsBroken = false;
    }

    /// <summary>Makes the blob visible.</summary>
    public async ValueTask CommitAsync(IBlobStore cas, CancellationToken cancellationToken)
    {
        writer ??= await cas.OpenWriteAsync(Name.Digest, Name.Digest.SizeBytes, cancellationToken);
        await writer.CommitAsync(cancellationToken);
    }

    /// <summary>Drops what was written, unless it was committed.</summary>
    public ValueTask DisposeAsync() => writer?.DisposeAsync() ?? ValueTask.CompletedTask;
}
