using System.Globalization;
using Google.Protobuf;
using RemoteExec.Protocol.Journals;
using RemoteExec.Redis;

namespace RemoteExec.Execution.Journal;

/// <summary>
/// The journal of schedulers that share a Redis, as the one writes it that is active. Each write is refused from the moment on at which another became the active one, whatever the clocks say.
/// While Redis is away, writes wait. If it comes back without what was written, the next write says so.
/// </summary>
/// <param name="journal">Where.</param>
/// <param name="epoch">The writer's own number.</param>
/// <param name="position">Up to where the writer has read, after it became the active one.</param>
/// <param name="time">The clock.</param>
internal sealed class RedisJournal(SharedJournal journal, long epoch, JournalPosition position, TimeProvider time) : IJournal
{
    private static readonly TimeSpan firstRetry = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan lastRetry = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan stagedFor = TimeSpan.FromMinutes(10); // of which each piece begins a new time

    private string generation = position.Generation;
    private long length = position.Length;
    private JournalGrowth growth = GrowthAt(position);

    /// <inheritdoc/>
    public bool WantsSnapshot => growth.WantsSnapshot;

    /// <inheritdoc/>
    public async Task AppendAsync(IReadOnlyList<JournalEntry> entries, CancellationToken cancellationToken)
    {
        if (generation.Length == 0)
            throw new JournalBehindException();
        var batch = new JournalBatch();
        batch.Entries.Add(entries);
        byte[] bytes = batch.ToByteArray();
        if (await RunAsync(SharedJournalScripts.Append, [epoch, generation, length, bytes], cancellationToken) != "done")
            throw new JournalBehindException();
        length++;
        growth.Append(bytes.Length);
    }

    /// <inheritdoc/>
    public async Task ReplaceAsync(IReadOnlyList<JournalEntry> snapshot, CancellationToken cancellationToken)
    {
        while (!await TryReplaceAsync(snapshot, cancellationToken))
        {
            // Redis was started again meanwhile, empty.
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static JournalGrowth GrowthAt(JournalPosition position)
    {
        var growth = new JournalGrowth();
        growth.Replace(position.SnapshotBytes);
        growth.Append(Math.Max(position.AppendedBytes, 0));
        return growth;
    }

    private async Task<bool> TryReplaceAsync(IReadOnlyList<JournalEntry> snapshot, CancellationToken cancellationToken)
    {
        string next = string.Create(CultureInfo.InvariantCulture, $"{epoch}-{Guid.NewGuid():N}"); // numbers come again where Redis has forgotten
        long pieces = 0;
        long bytes = 0;
        foreach (JournalBatch piece in JournalPieces.Of(snapshot))
        {
            byte[] content = piece.ToByteArray();
            if (await RunAsync(SharedJournalScripts.Stage, [epoch, next, pieces, content, (long)stagedFor.TotalMilliseconds], cancellationToken) != "done")
                return false;
            pieces++;
            bytes += content.Length;
        }

        if (await RunAsync(SharedJournalScripts.Switch, [epoch, next, pieces, bytes], cancellationToken) != "done")
            return false;
        generation = next;
        length = pieces;
        growth.Replace(bytes);
        return true;
    }

    private async Task<string> RunAsync(string script, object[] values, CancellationToken cancellationToken)
    {
        for (TimeSpan wait = firstRetry; ; wait = wait < lastRetry ? 2 * wait : lastRetry)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                string answer = SharedJournal.Text((await journal.RunAsync(script, values, cancellationToken))[0]);
                return answer == "lost" ? throw new JournalLostException() : answer;
            }
            catch (RedisUnavailableException)
            {
                // The connection tells what is wrong; here it is waited for.
            }

            await Task.Delay(wait, time, cancellationToken);
        }
    }
}
