using System.Buffers;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Composition;

/// <summary>
/// Merges reads of the same small value that are under way at the same time: the store within is asked once, and all get the same bytes. For
/// stores that are far away: the actions of one build want the same directories and tools, all at once.
/// </summary>
/// <remarks>
/// Nothing is kept once the read is over. Only success is shared: whoever joined a read that found nothing, or failed, asks for itself, for the value
/// may have been written since; and a read never joins one that began before a commit it could know of. A read ends when the last that waits for it has gone.
/// </remarks>
/// <param name="inner">The store within.</param>
/// <param name="maxBytes">Longer values are not merged but streamed to each reader, so that none is held in memory as a whole.</param>
public sealed class SingleFlightStore(IBlobStore inner, int maxBytes = 1024 * 1024) : IBlobStore
{
    private readonly Lock gate = new(); // guards the flights, and the guarded members of each
    private readonly Dictionary<Digest, Flight> flights = [];

    /// <inheritdoc/>
    public ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken) =>
        inner.FindMissingAsync(digests, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken)
    {
        if (offset != 0 || !digest.HasSize || digest.SizeBytes > maxBytes)
            return await inner.OpenReadAsync(digest, offset, cancellationToken);

        if (!TryBoard(digest, out Flight flight, out bool isFirst))
            return await inner.OpenReadAsync(digest, offset, cancellationToken);
        try
        {
            if (await flight.Content.WaitAsync(cancellationToken) is { } content)
                return new MemoryReader(content, 0);
            if (isFirst && !flight.IsTooLong)
                return null;
        }
        catch (Exception) when (!isFirst && !cancellationToken.IsCancellationRequested)
        {
            // Another caller's read failed; what this one is told comes from its own.
        }
        finally
        {
            Leave(flight);
        }

        return await inner.OpenReadAsync(digest, offset, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken) =>
        new Writer(this, digest, await inner.OpenWriteAsync(digest, length, cancellationToken));

    /// <summary>Joins the read of a digest, or begins one; false if one is under way that means another size by the same hash.</summary>
    private bool TryBoard(Digest digest, out Flight flight, out bool isFirst)
    {
        lock (gate)
        {
            isFirst = !flights.TryGetValue(digest.WithoutSize(), out flight!);
            if (isFirst)
                flights.Add(digest.WithoutSize(), flight = new Flight(inner, digest, maxBytes));
            else if (flight.Digest != digest)
                return false;
            flight.Waiting++;
            return true;
        }
    }

    private void Leave(Flight flight)
    {
        bool isLast;
        lock (gate)
        {
            isLast = --flight.Waiting == 0;
            Digest key = flight.Digest.WithoutSize();
            if ((isLast || flight.Content.IsCompleted) && flights.TryGetValue(key, out Flight? current) && current == flight)
                flights.Remove(key);
        }

        if (isLast)
            flight.Dispose();
    }

    /// <summary>A value was just written: reads begin anew.</summary>
    private void Forget(Digest digest)
    {
        lock (gate)
            flights.Remove(digest.WithoutSize());
    }

    /// <summary>One read, and those who wait for it.</summary>
    private sealed class Flight : IDisposable
    {
        private readonly CancellationTokenSource stop = new();

        public Flight(IBlobStore inner, Digest digest, int maxBytes)
        {
            Digest = digest;
            Content = Task.Run(() => ReadAsync(inner, maxBytes));
        }

        public Digest Digest { get; }

        /// <summary>The value; null if it is absent, or too long to be shared.</summary>
        public Task<byte[]?> Content { get; }

        public bool IsTooLong { get; private set; }

        /// <summary>How many callers wait, or are about to; guarded by the store.</summary>
        public int Waiting { get; set; }

        public void Dispose()
        {
            stop.Cancel();
            stop.Dispose();
        }

        private async Task<byte[]?> ReadAsync(IBlobStore inner, int maxBytes)
        {
            try
            {
                return await inner.ReadAllAsync(Digest, maxBytes, stop.Token);
            }
            catch (BlobTooLargeException)
            {
                IsTooLong = true; // an action result is longer than the action whose digest names it
                return null;
            }
        }
    }

    private sealed class Writer(SingleFlightStore store, Digest digest, BlobWriter inner) : BlobWriter
    {
        public override ValueTask WriteAsync(ReadOnlySequence<byte> data, CancellationToken cancellationToken) => inner.WriteAsync(data, cancellationToken);

        public override async ValueTask CommitAsync(CancellationToken cancellationToken)
        {
            await inner.CommitAsync(cancellationToken);
            store.Forget(digest);
        }

        public override ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
