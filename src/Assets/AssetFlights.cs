namespace RemoteExec.Assets;

/// <summary>
/// Fetches under way, each once however many wait for it. One that nobody waits for any more is given up, unless somebody has said that it may take longer than his call (AST-06). Thread-safe.
/// </summary>
/// <param name="longest">How long one may take.</param>
/// <param name="time">The clock.</param>
internal sealed class AssetFlights(TimeSpan longest, TimeProvider time) : IAsyncDisposable
{
    private readonly Lock gate = new(); // guards what is below, and the flights
    private readonly Dictionary<string, Flight> flights = new(StringComparer.Ordinal);
    private bool isClosed;

    /// <summary>Waits for what a fetch brings, which is started if it is not under way.</summary>
    /// <param name="name">Tells what is fetched.</param>
    /// <param name="patience">How long it may take; null if that is not said: then as long as somebody waits.</param>
    /// <param name="start">Fetches; is told when to give up.</param>
    /// <param name="cancellationToken">Waits no longer.</param>
    /// <exception cref="AssetException">It could not be had, or takes longer.</exception>
    public async Task<BoundAsset> JoinAsync(string name, TimeSpan? patience, Func<CancellationToken, Task<BoundAsset>> start, CancellationToken cancellationToken)
    {
        TimeSpan limit = patience < longest ? patience.Value : longest;
        Flight flight = Enter(name, patience is null ? null : limit, start);
        try
        {
            return await flight.Result.WaitAsync(limit, time, cancellationToken);
        }
        catch (TimeoutException exception)
        {
            throw new AssetException(AssetFailure.TimedOut, $"it has not come within {limit.TotalSeconds:0.#} s", exception);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new AssetException(AssetFailure.Unavailable, "the server stops");
        }
        finally
        {
            Leave(flight);
        }
    }

    /// <summary>Gives all of them up.</summary>
    public async ValueTask DisposeAsync()
    {
        Flight[] last;
        lock (gate)
        {
            isClosed = true;
            last = [.. flights.Values];
            foreach (Flight flight in last)
                flight.Stop.CancelAfter(TimeSpan.Zero);
        }

        foreach (Flight flight in last)
            await ((Task)flight.Result).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private Flight Enter(string name, TimeSpan? stated, Func<CancellationToken, Task<BoundAsset>> start)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(isClosed, this);
            if (!flights.TryGetValue(name, out Flight? flight) || flight.Stop.IsCancellationRequested)
            {
                flight = new Flight(new CancellationTokenSource(longest, time));
                flights[name] = flight;
                flight.Result = RunAsync(name, flight, start);
            }

            flight.Waiters++;
            flight.Stop.CancelAfter(longest);
            if (stated is { } limit && time.GetUtcNow() + limit > flight.WantedUntil)
                flight.WantedUntil = time.GetUtcNow() + limit;
            return flight;
        }
    }

    private void Leave(Flight flight)
    {
        lock (gate)
        {
            if (--flight.Waiters > 0 || flight.HasEnded)
                return;
            TimeSpan left = flight.WantedUntil - time.GetUtcNow();
            flight.Stop.CancelAfter(left > TimeSpan.Zero ? left : TimeSpan.Zero); // not Cancel: what hangs on it is not run under the lock
        }
    }

    private async Task<BoundAsset> RunAsync(string name, Flight flight, Func<CancellationToken, Task<BoundAsset>> start)
    {
        await Task.Yield(); // out of the lock
        try
        {
            return await start(flight.Stop.Token);
        }
        finally
        {
            lock (gate)
            {
                flight.HasEnded = true;
                if (flights.GetValueOrDefault(name) == flight)
                    flights.Remove(name);
                flight.Stop.Dispose();
            }
        }
    }

    private sealed class Flight(CancellationTokenSource stop)
    {
        public CancellationTokenSource Stop { get; } = stop;

        public Task<BoundAsset> Result { get; set; } = null!;

        public DateTimeOffset WantedUntil { get; set; } = DateTimeOffset.MinValue;

        public int Waiters { get; set; }

        public bool HasEnded { get; set; }
    }
}
