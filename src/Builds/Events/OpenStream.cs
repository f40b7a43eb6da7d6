namespace RemoteExec.Builds.Events;

/// <summary>A call that sends events. Disposing ends its stay. May be told to end at any time.</summary>
internal sealed class OpenStream : IDisposable
{
    private readonly Action<OpenStream> leave;
    private readonly CancellationTokenSource source;
    private readonly Lock gate = new(); // guards the source's end
    private bool isOver;

    /// <summary>One that ends with any of some tokens, or when it is told to.</summary>
    public OpenStream(Action<OpenStream> leave, long now, params CancellationToken[] tokens)
    {
        this.leave = leave;
        Heard = now;
        source = CancellationTokenSource.CreateLinkedTokenSource(tokens);
    }

    /// <summary>Fires when the call has to end.</summary>
    public CancellationToken Ending => source.Token;

    /// <summary>The stream that it brings; null until its first event has come.</summary>
    public EventStreamId? Stream { get; set; }

    /// <summary>When something came last, as a timestamp.</summary>
    public long Heard { get; set; }

    /// <summary>Why it has to end, if it is neither for its client's sake nor for the server's; null otherwise.</summary>
    public string? Reason { get; private set; }

    /// <summary>Tells it to end.</summary>
    public void End(string reason)
    {
        lock (gate)
        {
            if (isOver)
                return;
            Reason = reason;
            source.Cancel();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        leave(this);
        lock (gate)
        {
            isOver = true;
            source.Dispose();
        }
    }
}
