using System.Collections.Concurrent;

namespace RemoteExec.Python.Upstream;

/// <summary>Work under way, each once however many wait for it. It goes on though those who wanted it have gone: who asks again finds it done. Thread-safe.</summary>
/// <typeparam name="T">What it brings.</typeparam>
internal sealed class Flights<T> : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<Task<T>>> flights = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource stop = new();

    /// <summary>Waits for what the work of a name brings, which is begun if it is not under way.</summary>
    /// <param name="name">Tells what it is.</param>
    /// <param name="work">Does it; its token fires when nothing is wanted any more.</param>
    /// <param name="cancellationToken">Waits no longer.</param>
    public Task<T> JoinAsync(string name, Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(stop.IsCancellationRequested, this);
        Lazy<Task<T>> flight = flights.GetOrAdd(name, _ => new Lazy<Task<T>>(() => RunAsync(name, work)));
        return flight.Value.WaitAsync(cancellationToken);
    }

    /// <summary>Gives all of it up.</summary>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        foreach (Lazy<Task<T>> flight in flights.Values)
            await ((Task)flight.Value).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
    }

    private async Task<T> RunAsync(string name, Func<CancellationToken, Task<T>> work)
    {
        await Task.Yield();
        try
        {
            return await work(stop.Token);
        }
        finally
        {
            flights.TryRemove(name, out _);
        }
    }
}
