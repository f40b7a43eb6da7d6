using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using RemoteExec.Builds.Storage;
using RemoteExec.Cas.Builds;

namespace RemoteExec.Builds.Calls;

/// <summary>
/// Carries what calls have left from the <see cref="CallBuffer"/> to who makes something of it, and has that written: some times a second, all of it in one transaction. Disposing
/// writes what is left.
/// </summary>
internal sealed class CallPump : IAsyncDisposable
{
    /// <summary>How often it is written; so much is lost when the server is killed.</summary>
    public static TimeSpan Interval { get; } = TimeSpan.FromMilliseconds(500);

    private readonly CallBuffer buffer;
    private readonly BuildDatabase database;
    private readonly IReadOnlyList<ICallSink> sinks;
    private readonly ILogger logger;
    private readonly TimeProvider time;
    private readonly CancellationTokenSource stopping = new();
    private readonly Task loop;
    private bool isFailing;
    private long written;
    private int generation; // of the file that the sinks know

    /// <summary>Begins.</summary>
    public CallPump(CallBuffer buffer, BuildDatabase database, IReadOnlyList<ICallSink> sinks, ILogger logger, TimeProvider time)
    {
        this.buffer = buffer;
        this.database = database;
        this.sinks = sinks;
        this.logger = logger;
        this.time = time;
        loop = Task.Run(RunAsync);
    }

    /// <summary>Writes what was told before this was called, for who reads right afterwards.</summary>
    public Task FlushAsync(CancellationToken cancellationToken) => PumpAsync(writes: true, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await loop;
        await FlushAsync(CancellationToken.None);
        stopping.Dispose();
    }

    private async Task PumpAsync(bool writes, CancellationToken cancellationToken)
    {
        await database.Turn.WaitAsync(cancellationToken);
        try
        {
            Pump(writes);
        }
        finally
        {
            database.Turn.Release();
        }
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                await buffer.WaitAsync(Interval, stopping.Token);
                await PumpAsync(writes: time.GetElapsedTime(written) >= Interval, stopping.Token);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The last of it is written by who stops this.
        }
    }

    private void Pump(bool writes)
    {
        try
        {
            if (generation != database.Generation)
                ResetSinks();
            Take(buffer.Fetch());
            if (!writes)
                return;
            written = time.GetTimestamp();
            using (var transaction = WriteTransaction.Begin(database.Writer))
            {
                foreach (ICallSink sink in sinks)
                    sink.Write(database.Writer, time.GetUtcNow());
                transaction.Commit();
            }

            if (isFailing)
                BuildsLog.WrittenAgain(logger);
            isFailing = false;
        }
        catch (Exception failure) when (failure is SqliteException or IOException or UnauthorizedAccessException)
        {
            if (failure is SqliteException error && BuildDatabase.IsDamage(error) && TryBeginAnew(error))
                return;
            // A full disk, as a rule. What was taken since is lost, and told once; the builds themselves have nothing of it.
            if (!isFailing)
                BuildsLog.NotWritten(logger, failure);
            isFailing = true;
        }
    }

    private void Take(CallBatch calls)
    {
        long now = time.GetUtcNow().ToUnixTimeMilliseconds();
        long timestamp = time.GetTimestamp();
        long ticksInMillisecond = Math.Max(1, time.TimestampFrequency / 1000);
        int offset = 0;
        for (int i = 0; i < calls.Count; i++)
        {
            ref readonly CallEntry entry = ref calls.Take(i, ref offset, out ReadOnlySpan<byte> metadata, out ReadOnlySpan<byte> execution);
            var call = new ObservedCall
            {
                Kind = entry.Kind,
                Milliseconds = now - ((timestamp - entry.Timestamp) / ticksInMillisecond),
                Digest = entry.Digest,
                Metadata = new MetadataFields(metadata),
                Execution = new ExecutionTimes(execution, all: entry.Kind == CallKind.Executed),
                UserAgent = entry.UserAgent,
                Bytes = entry.Bytes,
                Blobs = entry.Blobs,
                Outcome = entry.Outcome,
                ExitCode = entry.ExitCode,
                IsMerged = entry.IsMerged,
            };
            foreach (ICallSink sink in sinks)
                sink.Take(call);
        }
    }

    private bool TryBeginAnew(SqliteException damage)
    {
        try
        {
            database.BeginAnew(damage);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false; // what is wrong is told as it is found again with the next calls
        }

        ResetSinks();
        return true;
    }

    private void ResetSinks()
    {
        generation = database.Generation;
        foreach (ICallSink sink in sinks)
            sink.Reset();
    }
}
