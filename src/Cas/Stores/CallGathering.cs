using System.Runtime.ExceptionServices;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Stores;

/// <summary>
/// Gathers reads, or writes, of small blobs for a store that is far away: one is a call of its own as long as few are under way, and those that come meanwhile share the
/// next one. So one waits for nobody, and thousands at a time are a few dozen calls. May be called concurrently.
/// </summary>
/// <remarks>
/// A call is made by one of those who wait for it, whose turn it is, so nothing runs that nobody waits for. If that one is cancelled, the others get another.
/// Calls that are made for different builds stay apart, as they say for whom they are.
/// </remarks>
/// <typeparam name="TItem">What is asked for: a digest to read, or a blob to write.</typeparam>
/// <typeparam name="TAnswer">What comes of it.</typeparam>
/// <param name="digestOf">The digest of what is asked for.</param>
/// <param name="call">Reads or writes blobs of one instance and function at once; an answer for each, in their order.</param>
internal sealed class CallGathering<TItem, TAnswer>(Func<TItem, Digest> digestOf, CallGathering<TItem, TAnswer>.Call call)
    where TAnswer : struct
{
    /// <summary>How many calls are under way before others wait.</summary>
    public const int MaxCalls = 4;

    /// <summary>How many blobs share a call.</summary>
    public const int MaxBlobs = 128;

    /// <summary>How many bytes the blobs of a call have, all together: servers take a few times as much.</summary>
    public const long MaxBytes = 1024 * 1024;

    private readonly Lock gate = new(); // guards everything below
    private readonly LinkedList<Wanted> waiting = [];
    private int calls;

    public delegate Task<TAnswer[]> Call(TItem[] items, CancellationToken cancellationToken);

    /// <summary>Reads or writes a blob.</summary>
    public async Task<TAnswer> CallAsync(TItem item, CancellationToken cancellationToken)
    {
        var own = new Wanted(item, digestOf(item), CallMetadata.Current?.HeaderValue);
        if (!TryBegin(own))
        {
            Turn turn = await WaitAsync(own, cancellationToken);
            turn.Failure?.Throw();
            if (turn.Answer is { } given)
                return given;
        }

        Wanted[] others = [];
        try
        {
            others = TakeAlong(own);
            TAnswer[] answers = await call([item, .. others.Select(other => other.Item)], cancellationToken);
            for (int i = 0; i < others.Length; i++)
                others[i].Turn.SetResult(new Turn(answers[i + 1], null));
            return answers[0];
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            GiveBack(others);
            throw;
        }
        catch (Exception exception)
        {
            var failure = ExceptionDispatchInfo.Capture(exception);
            foreach (Wanted other in others)
                other.Turn.SetResult(new Turn(null, failure));
            throw;
        }
        finally
        {
            End();
        }
    }

    private bool TryBegin(Wanted own)
    {
        lock (gate)
        {
            if (calls < MaxCalls)
            {
                calls++;
                return true;
            }

            waiting.AddLast(own.Node);
            return false;
        }
    }

    private async Task<Turn> WaitAsync(Wanted own, CancellationToken cancellationToken)
    {
        try
        {
            return await own.Turn.Task.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            bool isItsTurn;
            lock (gate)
            {
                own.IsGone = true;
                isItsTurn = own.IsItsTurn;
                if (own.Node.List is not null)
                    waiting.Remove(own.Node);
            }

            if (isItsTurn)
                End();
            throw;
        }
    }

    private Wanted[] TakeAlong(Wanted own)
    {
        var others = new List<Wanted>();
        long bytes = own.Digest.SizeBytes;
        lock (gate)
        {
            for (LinkedListNode<Wanted>? node = waiting.First, next; node is not null && others.Count < MaxBlobs - 1; node = next)
            {
                next = node.Next;
                if (!node.Value.GoesWith(own) || bytes + node.Value.Digest.SizeBytes > MaxBytes)
                    continue;
                bytes += node.Value.Digest.SizeBytes;
                waiting.Remove(node);
                others.Add(node.Value);
            }
        }

        return [.. others];
    }

    private void GiveBack(Wanted[] others)
    {
        lock (gate)
        {
            foreach (Wanted other in others.Reverse().Where(other => !other.IsGone))
                waiting.AddFirst(other.Node);
        }
    }

    /// <summary>A call has ended: the next is that of the one who waits for longest.</summary>
    private void End()
    {
        lock (gate)
        {
            if (waiting.First is not { } next)
            {
                calls--;
                return;
            }

            waiting.Remove(next);
            next.Value.IsItsTurn = true;
            next.Value.Turn.SetResult(default);
        }
    }

    // Neither: it is its turn to make a call.
    private readonly record struct Turn(TAnswer? Answer, ExceptionDispatchInfo? Failure);

    private sealed class Wanted
    {
        private readonly string? madeFor;

        public Wanted(TItem item, Digest digest, string? madeFor)
        {
            this.madeFor = madeFor;
            Item = item;
            Digest = digest;
            Node = new LinkedListNode<Wanted>(this);
        }

        public TItem Item { get; }

        public Digest Digest { get; }

        public LinkedListNode<Wanted> Node { get; }

        public TaskCompletionSource<Turn> Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>True once it was told to make a call; guarded by the gate.</summary>
        public bool IsItsTurn { get; set; }

        /// <summary>True once nobody waits for it; guarded by the gate.</summary>
        public bool IsGone { get; set; }

        public bool GoesWith(Wanted other) =>
            madeFor == other.madeFor && Digest.Instance == other.Digest.Instance && Digest.Function == other.Digest.Function;
    }
}
