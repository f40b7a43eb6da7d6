using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using RemoteExec.Rpc.Framing;

namespace RemoteExec.Rpc.Server;

/// <summary>
/// The deadline of a call. When it passes, the token fires, and a handler that heeds it ends the call itself. One that does not within
/// <see cref="Grace"/> is answered for: DEADLINE_EXCEEDED, then a reset if the client is still sending, so that the client never waits for a stuck handler.
/// </summary>
internal sealed class KestrelDeadline
{
    /// <summary>The longest time that a timer can run.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(uint.MaxValue - 1);

    /// <summary>What a handler has to end the call itself once its token fired, and what the client has to read what was written before.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private const int Running = 0;
    private const int Expired = 1;
    private const int TakenOver = 2;
    private const int Completed = 3;

    private readonly HttpContext context;
    private readonly MessageWriter responses;
    private readonly TimeProvider time;
    private readonly ITimer timer;
    private readonly CancellationTokenRegistration aborted;

    // Not disposed: it has no timer and no link of its own, and the timer's callback may still cancel it when the call has just ended.
    private readonly CancellationTokenSource source = new();
    private TaskCompletionSource? answered;
    private int state;

    public KestrelDeadline(HttpContext context, MessageWriter responses, TimeSpan timeout, TimeProvider time)
    {
        this.context = context;
        this.responses = responses;
        this.time = time;
        aborted = context.RequestAborted.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), source);
        timer = time.CreateTimer(static deadline => ((KestrelDeadline)deadline!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        timer.Change(timeout, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Fires when the deadline has passed, the client has gone, or the server gives up on draining.</summary>
    public CancellationToken Token => source.Token;

    /// <summary>To be called when the handler has ended; false if the client has been answered already.</summary>
    public async ValueTask<bool> TryCompleteAsync()
    {
        timer.Dispose();
        aborted.Unregister();
        if (Interlocked.CompareExchange(ref state, Completed, Running) == Running
            || Interlocked.CompareExchange(ref state, Completed, Expired) == Expired)
            return true;
        await answered!.Task;
        return false;
    }

    private void OnTimer()
    {
        if (Interlocked.CompareExchange(ref state, Expired, Running) == Running)
        {
            timer.Change(Grace, Timeout.InfiniteTimeSpan);
            source.Cancel();
        }
        else
        {
            answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (Interlocked.CompareExchange(ref state, TakenOver, Expired) == Expired)
                _ = AnswerAsync(answered); // TryCompleteAsync waits for it
        }
    }

    private async Task AnswerAsync(TaskCompletionSource done)
    {
        try
        {
            await AnswerAsync();
            done.SetResult();
        }
        catch (Exception exception)
        {
            done.SetException(exception);
        }
    }

    private async Task AnswerAsync()
    {
        if (!responses.TryClose())
        {
            // A half-written message, or bytes that the client does not read: no status can come after them.
            KestrelRpcCall.Reset(context, ResetCode.Cancel);
            return;
        }

        IHeaderDictionary destination = responses.HasStarted || context.Response.HasStarted
            ? context.Features.Get<IHttpResponseTrailersFeature>()!.Trailers
            : context.Response.Headers;
        KestrelRpcCall.Write(destination, new RpcStatus(StatusCode.DeadlineExceeded, "the deadline of the call has passed"), more: null);
        Task sent = context.Response.CompleteAsync();
        try
        {
            await sent.WaitAsync(Grace, time);
            KestrelRpcCall.Reset(context, ResetCode.NoError);
        }
        catch (TimeoutException)
        {
            KestrelRpcCall.Reset(context, ResetCode.Cancel);
            await sent;
        }
    }
}
