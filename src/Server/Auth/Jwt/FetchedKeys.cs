using Microsoft.Extensions.Logging;

namespace RemoteExec.Server.Auth.Jwt;

/// <summary>
/// The keys of an issuer, as it publishes them: fetched when this is made, again from time to time, and when a token names one that is not among them, though not more often than
/// <see cref="ShortestPause"/> allows, whoever sends such tokens. While the issuer is away the last ones hold, for a time.
/// </summary>
internal sealed class FetchedKeys : IKeySource
{
    /// <summary>What passes at least from one attempt to the next.</summary>
    public static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan pauseAfterFailure = TimeSpan.FromSeconds(30);
    private readonly KeyEndpoint endpoint;
    private readonly string issuer;
    private readonly TimeSpan refresh;
    private readonly TimeSpan staleFor;
    private readonly ILogger logger;
    private readonly TimeProvider time;
    private readonly CancellationTokenSource stopping = new();
    private readonly Task work;
    private readonly Lock gate = new(); // guards the attempt
    private Attempt attempt = new();
    private bool isUnderWay = true; // the first begins at once
    private long endedAt;
    private Held? held;
    private string? problem; // the loop's own, as is writing what is held

    /// <summary>Begins to fetch.</summary>
    /// <param name="endpoint">Where from; this object's from now on.</param>
    /// <param name="issuer">The issuer, for the log.</param>
    /// <param name="refresh">When they are fetched again.</param>
    /// <param name="staleFor">How long they hold that could not be fetched again.</param>
    /// <param name="logger">Told when they can't be fetched, once for each reason.</param>
    /// <param name="time">The clock.</param>
    public FetchedKeys(KeyEndpoint endpoint, string issuer, TimeSpan refresh, TimeSpan staleFor, ILogger logger, TimeProvider time)
    {
        (this.endpoint, this.issuer, this.refresh, this.staleFor, this.logger, this.time) = (endpoint, issuer, refresh, staleFor, logger, time);
        work = RunAsync();
    }

    /// <inheritdoc/>
    public JsonWebKeySet? Current => Volatile.Read(ref held) is { } last && time.GetElapsedTime(last.FetchedAt) < staleFor ? last.Keys : null;

    /// <inheritdoc/>
    public async ValueTask<JsonWebKeySet?> LookAgainAsync(CancellationToken cancellationToken)
    {
        Task ended;
        lock (gate)
        {
            if (!isUnderWay && time.GetElapsedTime(endedAt) < ShortestPause)
                return Current;
            attempt.Wanted.TrySetResult();
            ended = attempt.Ended.Task;
        }

        await ended.WaitAsync(cancellationToken);
        return Current;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await work;
        endpoint.Dispose();
        stopping.Dispose();
    }

    private async Task RunAsync()
    {
        await Task.Yield();
        try
        {
            while (true)
            {
                bool isGood = await TryFetchAsync();
                Attempt next = EndAttempt();
                await WaitAsync(isGood ? refresh : pauseAfterFailure, next.Wanted.Task);
                lock (gate)
                    isUnderWay = true;
            }
        }
        catch (Exception) when (stopping.IsCancellationRequested)
        {
            EndAttempt(); // what was broken off may say so in several ways
        }
    }

    private Attempt EndAttempt()
    {
        lock (gate)
        {
            isUnderWay = false;
            endedAt = time.GetTimestamp();
            attempt.Ended.TrySetResult();
            return attempt = new Attempt();
        }
    }

    private async Task WaitAsync(TimeSpan pause, Task wanted)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
        await Task.WhenAny(Task.Delay(pause, time, over.Token), wanted);
        stopping.Token.ThrowIfCancellationRequested();
        await over.CancelAsync();
    }

    private async Task<bool> TryFetchAsync()
    {
        try
        {
            byte[] text = await endpoint.FetchAsync(stopping.Token);
            JsonWebKeySet keys = held is { } last && last.Text.AsSpan().SequenceEqual(text) ? last.Keys : JsonWebKeySet.Parse(text);
            Volatile.Write(ref held, new Held(keys, text, time.GetTimestamp()));
            if (problem is not null)
                ServerLog.KeysFetchedAgain(logger, issuer);
            problem = null;
            return true;
        }
        catch (Exception exception) when (!stopping.IsCancellationRequested)
        {
            // Whatever it is: the next attempt may go well, and nobody else would make one.
            if (exception.Message != problem)
                ServerLog.KeysNotFetched(logger, issuer, exception.Message);
            problem = exception.Message;
            return false;
        }
    }

    private sealed record Held(JsonWebKeySet Keys, byte[] Text, long FetchedAt);

    private sealed class Attempt
    {
        public TaskCompletionSource Wanted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
