using Google.Protobuf;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using RemoteExec.Builds.Storage;
using RemoteExec.Redis;

namespace RemoteExec.Builds.Sharing;

/// <summary>
/// Carries what a file tells to a stream, and what others have told there into the file; twice a second, and at once as long as there is more. While Redis is away what is told waits. It is stopped
/// before the file is written for the last time; disposing then sends that, if Redis takes it at once.
/// </summary>
internal sealed class SharingLink<T> : ISharingLink
    where T : class, IMessage<T>
{
    private const long BytesAtATime = 4 << 20;
    private const int RefusalsInARow = 4; // one may be a connection that has just gone
    private static readonly TimeSpan interval = TimeSpan.FromMilliseconds(500);

    private readonly SharedStream stream;
    private readonly SharingLedger<T> ledger;
    private readonly MessageParser<T> parser;
    private readonly BuildDatabase database;
    private readonly Func<CancellationToken, Task> takeIn;
    private readonly Action problemChanged;
    private readonly ILogger logger;
    private readonly TimeProvider time;
    private readonly CancellationTokenSource stop = new();
    private readonly Task loop;
    private StreamPosition appended = StreamPosition.None;
    private bool isFailing; // the file, or else something that was not foreseen; not Redis
    private int refusals; // of Redis, in a row
    private volatile string? problem;

    /// <summary>Begins.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="ledger">What the file tells and hears.</param>
    /// <param name="parser">Reads what others tell.</param>
    /// <param name="database">The file.</param>
    /// <param name="takeIn">Has the file take in what has arrived.</param>
    /// <param name="problemChanged">Told when there is a problem, or no longer one.</param>
    /// <param name="logger">Told when the file can't be read.</param>
    /// <param name="time">The clock.</param>
    public SharingLink(SharedStream stream, SharingLedger<T> ledger, MessageParser<T> parser, BuildDatabase database, Func<CancellationToken, Task> takeIn, Action problemChanged, ILogger logger, TimeProvider time)
    {
        (this.stream, this.ledger, this.parser, this.database, this.takeIn, this.problemChanged, this.logger, this.time) = (stream, ledger, parser, database, takeIn, problemChanged, logger, time);
        loop = Task.Run(RunAsync);
    }

    /// <inheritdoc/>
    public DateTimeOffset? LastHeard { get; private set; }

    /// <inheritdoc/>
    public string? Problem => problem;

    /// <inheritdoc/>
    public long Waiting => ledger.Sequence - ledger.Sent;

    /// <inheritdoc/>
    public async Task StopAsync()
    {
        await stop.CancelAsync();
        await loop;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await TryAsync(SendAsync, CancellationToken.None);
        stop.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                await TryAsync(
                    async token =>
                    {
                        await ReceiveAsync(token);
                        await SendAsync(token);
                    },
                    stop.Token);
                await Task.Delay(interval, time, stop.Token);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Disposed.
        }
    }

    private async Task TryAsync(Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        try
        {
            await work(cancellationToken);
            isFailing = false;
            refusals = 0;
            SetProblem(null);
        }
        catch (RedisUnavailableException exception)
        {
            // Its connection tells when it is away. It may be there and refuse: without rights, or full.
            if (++refusals >= RefusalsInARow)
                SetProblem(exception.Message);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            if (!isFailing)
                BuildsLog.NotShared(logger, exception);
            isFailing = true;
        }
    }

    private void SetProblem(string? found)
    {
        if (found is null == problem is null)
            return;
        problem = found;
        problemChanged();
    }

    private async Task ReceiveAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (ledger.Origin.Length == 0 || ledger.HasArrived)
            {
                await takeIn(cancellationToken); // who the file is stands in it
                if (ledger.Origin.Length == 0 || ledger.HasArrived)
                    return; // it can't be written; who writes it has told
            }

            StreamPosition from = ledger.Position;
            StreamView view = await stream.ReadAsync(from, ledger.Origin, cancellationToken);
            LastHeard = time.GetUtcNow();
            if (view.Position == from)
                return;
            var received = new List<Received<T>>(view.Entries.Count);
            foreach (SharedEntry entry in view.Entries)
                received.Add(new Received<T>(entry.Origin, entry.Sequence, entry.Payload is { } payload ? await SharedPayload.UnpackAsync(payload, parser, cancellationToken) : null));
            ledger.Arrive(received, view.Position);
            if (!view.HasMore)
                return; // whoever writes the file takes it in before long; if not, the next round sees to it
        }
    }

    private async Task SendAsync(CancellationToken cancellationToken)
    {
        if (appended.Generation.Length == 0)
            appended = ledger.Position with { Id = "" }; // what was read last is what was written to, before the server was started again
        while (ledger.Sequence > ledger.Sent)
        {
            string origin = ledger.Origin;
            List<(long Sequence, byte[] Payload)> entries = [];
            foreach ((long sequence, byte[] message) in ReadOutbox())
                entries.Add((sequence, await SharedPayload.PackAsync(message, cancellationToken)));
            if (entries.Count == 0)
                return; // not committed yet
            StreamPosition end = await stream.AppendAsync(appended, origin, entries, cancellationToken);
            appended = end;
            ledger.Sent = end.Id.Length == 0 ? 0 : entries[^1].Sequence;
        }
    }

    private List<(long Sequence, byte[] Message)> ReadOutbox()
    {
        using SqliteConnection reader = database.OpenReader();
        return SharingLedger<T>.Outbox(reader, ledger.Sent, BytesAtATime);
    }
}
