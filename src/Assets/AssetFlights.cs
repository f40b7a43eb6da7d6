namespace RemoteExec.Assets;

/// <summary>
/// Fetches under way, each once however many wait for it. One goes on as long as any who have wanted it would have waited, though their calls have ended: it is there for the next then (AST-06).
/// Thread-safe.
/// </summary>
/// <param name="longest">How long one may take for who says nothing of that, and at most.</param>
/// <param name="time">The clock.</param>
internal sealed class AssetFlights(TimeSpan longest, TimeProvider time) : IAsyncDisposable
{
    private readonly Lock gate = new(); // guards what is below, and the flights
    private readonly Dictionary<string, Flight> flights = new(StringComparer.Ordinal);
    private readonly HashSet<Flight> running = []; // with those that are given up, and have not ended yet
    private bool isClosed;

    /// <summary>Waits for what a fetch brings, which is started if it is not under way.</summary>
    /// <param name="name">Tells what is fetched.</param>
    /// <param name="patience">How long it may take; null if that is not said.</param>
    /// <param name="start">Fetches; is told when to give up.</param>
    /// <param name="cancellationToken">Waits no longer.</param>
    /// <exception cref="AssetException">It could not be had, or takes longer.</exception>
    public async Task<BoundAsset> JoinAsync(string name, TimeSpan? patience, Func<CancellationToken, Task<BoundAsset>> start, CancellationToken cancellationToken)
    {
        TimeSpan limit = patience < longest ? patience.Value : longest;
        Flight flight = Enter(name, limit, start);
        try
        {
            return await flight.Result.WaitAsync(limit, time, cancellationToken);
        }
        catch (Exception exception) when (exception is TimeoutException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new AssetException(AssetFailure.TimedOut, $"it has not come within {limit.TotalSeconds:0.#} s", exception);
        }
    }

    /// <summary>Gives all of them up.</summary>
    public async ValueTask DisposeAsync()
    {
        Flight[] last;
        lock (gate)
        {
            isClosed = true;
            last = [.. running];
            foreach (Flight flight in last)
                flight.Stop.CancelAfter(TimeSpan.Zero); // not Cancel: what hangs on it is not run under the lock
        }

        foreach (Flight flight in last)
            await ((Task)flight.Result).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private Flight Enter(string name, TimeSpan limit, Func<CancellationToken, Task<BoundAsset>> start)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(isClosed, this);
            if (!flights.TryGetValue(name, out Flight? flight) || flight.Stop.IsCancellationRequested)
            {
                flight = new Flight(new CancellationTokenSource(limit, time));
                flights[name] = flight;
                running.Add(flight);
                flight.Result = RunAsync(name, flight, start);
            }

            DateTimeOffset until = time.GetUtcNow() + limit;
            if (until > flight.Until)
            {
                flight.Until = until;
                flight.Stop.CancelAfter(limit);
            }

            return flight;
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
                running.Remove(flight);
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

        public DateTimeOffset Until { get; set; } = DateTimeOffset.MinValue;
    }
}
