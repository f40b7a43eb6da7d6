using System.Threading.Channels;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using RemoteExec.Builds.Storage;

namespace RemoteExec.Builds.Events;

/// <summary>
/// Brings events to the disk: all that have come meanwhile in one transaction, one transaction after the other. What was acknowledged is there after a kill; SQLite does not wait for the
/// disk itself, so a power cut may take the last seconds. May be told concurrently; disposing writes what is left.
/// </summary>
internal sealed class EventWriter : IAsyncDisposable
{
    private const int MostInTransaction = 1000;

    private readonly Channel<Waiting> queue = Channel.CreateUnbounded<Waiting>(new UnboundedChannelOptions { SingleReader = true }); // each stream has only so many in it
    private readonly BuildDatabase database;
    private readonly EventRecorder recorder;
    private readonly ILogger logger;
    private readonly TimeProvider time;
    private readonly Task loop;
    private bool isFailing;

    /// <summary>Begins.</summary>
    public EventWriter(BuildDatabase database, EventLimits limits, ILogger logger, TimeProvider time)
    {
        this.database = database;
        this.logger = logger;
        this.time = time;
        recorder = new EventRecorder(limits);
        loop = Task.Run(RunAsync);
    }

    /// <summary>Takes an event. The task ends when it is on the disk, in the order in which events were given.</summary>
    /// <exception cref="EventRefusedException">It does not fit to its stream.</exception>
    /// <exception cref="EventsNotWrittenException">It can't be written now.</exception>
    public Task<EventOutcome> WriteAsync(StreamEvent told)
    {
        var waiting = new Waiting(told);
        if (!queue.Writer.TryWrite(waiting))
            throw new EventsNotWrittenException("the server stops");
        return waiting.Written.Task;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        queue.Writer.Complete();
        await loop;
    }

    private async Task RunAsync()
    {
        var batch = new List<Waiting>();
        while (await queue.Reader.WaitToReadAsync())
        {
            while (batch.Count < MostInTransaction && queue.Reader.TryRead(out Waiting? waiting))
                batch.Add(waiting);
            await database.Turn.WaitAsync();
            try
            {
                Write(batch);
            }
            finally
            {
                database.Turn.Release();
            }

            foreach (Waiting waiting in batch)
                waiting.Tell();
            batch.Clear();
        }
    }

    private void Write(List<Waiting> batch)
    {
        for (bool isSecond = false; ; isSecond = true)
        {
            try
            {
                Commit(batch);
                if (isFailing)
                    BuildsLog.EventsWrittenAgain(logger);
                isFailing = false;
                return;
            }
            catch (Exception failure) when (failure is SqliteException or IOException or UnauthorizedAccessException)
            {
                recorder.Revert();
                if (!isSecond && failure is SqliteException error && BuildDatabase.IsDamage(error) && TryBeginAnew(error))
                    continue;
                if (!isFailing)
                    BuildsLog.EventsNotWritten(logger, failure);
                isFailing = true;
                Fail(batch, new EventsNotWrittenException("events can't be written down now: the server's log says why", failure));
                return;
            }
            catch (Exception unforeseen)
            {
                recorder.Revert();
                Fail(batch, unforeseen); // whose call it was tells
                return;
            }
        }
    }

    private void Commit(List<Waiting> batch)
    {
        long now = time.GetUtcNow().ToUnixTimeMilliseconds();
        using var transaction = WriteTransaction.Begin(database.Writer);
        foreach (Waiting waiting in batch)
        {
            try
            {
                (waiting.Outcome, waiting.Failure) = (recorder.Take(database.Statements, waiting.Told, now), null);
            }
            catch (EventRefusedException refusal)
            {
                waiting.Failure = refusal;
            }
        }

        recorder.Write(database.Statements, now);
        transaction.Commit();
        recorder.Commit();
    }

    private static void Fail(List<Waiting> batch, Exception failure)
    {
        foreach (Waiting waiting in batch)
            waiting.Failure = failure;
    }

    private bool TryBeginAnew(SqliteException damage)
    {
        try
        {
            database.BeginAnew(damage);
            recorder.Restore();
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false; // what is wrong is told as it is found again with the next events
        }
    }

    private sealed class Waiting(StreamEvent told)
    {
        public StreamEvent Told { get; } = told;

        public TaskCompletionSource<EventOutcome> Written { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public EventOutcome Outcome { get; set; }

        public Exception? Failure { get; set; }

        public void Tell()
        {
            if (Failure is null)
                Written.SetResult(Outcome);
            else
                Written.SetException(Failure);
        }
    }
}
