using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Composition;

/// <summary>What was written to the second store of a <see cref="FallbackStore"/> alone, and is owed to the first. Paid back in the background, as soon as that is possible.</summary>
internal sealed class FallbackDebts : IAsyncDisposable
{
    private const int PaymentsAtATime = 16;
    private const int BufferBytes = 64 * 1024;

    private static readonly TimeSpan interval = TimeSpan.FromSeconds(1);

    private readonly string name;
    private readonly IBlobStore first;
    private readonly IBlobStore then;
    private readonly FallbackState state;
    private readonly ILogger logger;
    private readonly TimeProvider time;
    private readonly int maxOwed;
    private readonly ConcurrentDictionary<Digest, Digest> owed = []; // as it was written, by WithoutSize
    private readonly SemaphoreSlim[] turns = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1))]; // digests share them
    private readonly CancellationTokenSource stop = new();
    private readonly SemaphoreSlim incurred = new(0);
    private readonly Task payer;
    private int count; // that of the dictionary takes all its locks

    public FallbackDebts(string name, IBlobStore first, IBlobStore then, FallbackState state, ILogger logger, TimeProvider time, int maxOwed)
    {
        this.name = name;
        this.first = first;
        this.then = then;
        this.state = state;
        this.logger = logger;
        this.time = time;
        this.maxOwed = maxOwed;
        payer = Task.Run(PayAsync);
    }

    /// <summary>How many values are owed.</summary>
    public int Count => Volatile.Read(ref count);

    /// <summary>Whether the value of a digest, whatever its size, is owed.</summary>
    public bool Contains(Digest digest) => Count > 0 && owed.ContainsKey(digest.WithoutSize());

    /// <summary>Waits until no other value of a digest is being committed, discarded or paid back; disposing lets the next in.</summary>
    public async ValueTask<IDisposable> EnterAsync(Digest digest, CancellationToken cancellationToken)
    {
        SemaphoreSlim turn = turns[(uint)digest.WithoutSize().GetHashCode() % (uint)turns.Length];
        await turn.WaitAsync(cancellationToken);
        return new Turn(turn);
    }

    /// <summary>Notes a debt; true if there was none under this digest. Called in the digest's turn.</summary>
    /// <exception cref="StoreUnavailableException">Too much is owed already.</exception>
    public bool Owe(Digest digest)
    {
        Digest key = digest.WithoutSize();
        bool isNew = !owed.ContainsKey(key);
        if (isNew && Count >= maxOwed)
            throw new StoreUnavailableException(name, new InvalidOperationException($"the first store is out of reach, and {maxOwed} values are owed to it already"));
        owed[key] = digest;
        if (!isNew)
            return false;
        Change(1);
        if (incurred.CurrentCount == 0)
            incurred.Release();
        return true;
    }

    /// <summary>The first store has the value, or one that came later. Called in the digest's turn.</summary>
    public void Settle(Digest digest)
    {
        if (Count > 0 && owed.TryRemove(digest.WithoutSize(), out _))
            Change(-1);
    }

    /// <summary>Discards the second store's value unless it is owed: the first has none any more.</summary>
    public async Task ForgetCopyAsync(Digest digest, CancellationToken cancellationToken)
    {
        using IDisposable turn = await EnterAsync(digest, cancellationToken);
        if (!Contains(digest))
            await DropCopyAsync(digest, cancellationToken);
    }

    /// <summary>Discards the second store's value. Called in the digest's turn.</summary>
    public async Task DropCopyAsync(Digest digest, CancellationToken cancellationToken)
    {
        try
        {
            await using BlobReader? reader = await then.OpenReadAsync(digest.WithoutSize(), 0, cancellationToken);
            reader?.Discard();
        }
        catch (CasException exception)
        {
            CasLog.FallbackCopyStays(logger, exception, name);
        }
    }

    /// <summary>Stops paying back.</summary>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await payer;
        if (Count > 0)
            CasLog.FallbackDebtsLost(logger, name, Count);
        FallbackMetrics.ChangeOwed(-Count);
        stop.Dispose();
        incurred.Dispose();
    }

    private void Change(int by)
    {
        Interlocked.Add(ref count, by);
        FallbackMetrics.ChangeOwed(by);
    }

    private async Task PayAsync()
    {
        bool isTold = false;
        try
        {
            while (true)
            {
                if (Count == 0)
                    await incurred.WaitAsync(stop.Token);
                await Task.Delay(interval, time, stop.Token);
                try
                {
                    await Parallel.ForEachAsync(
                        owed.Values, new ParallelOptions { MaxDegreeOfParallelism = PaymentsAtATime, CancellationToken = stop.Token }, async (digest, token) => await PayAsync(digest, token));
                    isTold = false;
                }
                catch (StoreUnavailableException exception)
                {
                    state.Failed(exception);
                }
                catch (CasException) when (isTold)
                {
                    // As last time.
                }
                catch (CasException exception)
                {
                    isTold = true;
                    CasLog.FallbackDebtStays(logger, exception, name, Count);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Disposed.
        }
    }

    private async ValueTask PayAsync(Digest digest, CancellationToken cancellationToken)
    {
        using IDisposable turn = await EnterAsync(digest, cancellationToken);
        if (!owed.TryGetValue(digest.WithoutSize(), out digest))
            return;
        await using (BlobReader? reader = await then.OpenReadAsync(digest, 0, cancellationToken))
        {
            if (reader is not null)
                await CopyAsync(reader, digest, cancellationToken);
            else if (!await TryDiscardFirstAsync(digest, cancellationToken))
                return; // next time
        }

        Settle(digest);
        state.Answered();
    }

    private async ValueTask CopyAsync(BlobReader reader, Digest digest, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            await using BlobWriter writer = await first.OpenWriteAsync(digest, reader.Length, cancellationToken);
            for (int read = await reader.ReadAsync(buffer, cancellationToken); read > 0; read = await reader.ReadAsync(buffer, cancellationToken))
                await writer.WriteAsync(new ReadOnlySequence<byte>(buffer, 0, read), cancellationToken);
            await writer.CommitAsync(cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>The second store has evicted what is owed: what the first has is older, and nobody may see it.</summary>
    private async ValueTask<bool> TryDiscardFirstAsync(Digest digest, CancellationToken cancellationToken)
    {
        await using (BlobReader? reader = await first.OpenReadAsync(digest.WithoutSize(), 0, cancellationToken))
            reader?.Discard();
        return !await first.ContainsAsync(digest.WithoutSize(), cancellationToken);
    }

    private sealed class Turn(SemaphoreSlim gate) : IDisposable
    {
        public void Dispose() => gate.Release();
    }
}
