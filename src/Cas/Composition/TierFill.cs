using System.Buffers;
using System.Runtime.ExceptionServices;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Composition;

/// <summary>
/// One read of the slow tier that fills the fast one, on its own token, while others read along: of the content the last <see cref="WindowBytes"/> are in memory. Who is slower than that, or comes later,
/// waits for the end and goes on in the fast tier. If the last reader leaves before all was read, it ends; a fast tier that fails ends nothing as long as somebody reads.
/// </summary>
/// <param name="digest">What is read.</param>
/// <param name="fast">The fast tier.</param>
/// <param name="slow">The slow tier.</param>
/// <param name="ended">Called as it ends.</param>
internal sealed class TierFill(Digest digest, IBlobStore fast, IBlobStore slow, Action<TierFill> ended)
{
    /// <summary>How much of a value is in memory at most.</summary>
    public const int WindowBytes = 4 * 1024 * 1024;

    private const int BlockBytes = 64 * 1024;
    private readonly CancellationTokenSource stop = new();
    private readonly TaskCompletionSource<bool> opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock gate = new(); // guards everything below
    private readonly List<byte[]?> blocks = []; // null: dropped
    private readonly HashSet<TierFillReader> readers = [];
    private TaskCompletionSource grown = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long produced;
    private bool hasEnded;
    private bool isCommitForbidden;
    private bool isCommitting;

    /// <summary>What is read.</summary>
    public Digest Digest => digest;

    /// <summary>The length of the value, once it was opened.</summary>
    public long Length { get; private set; }

    /// <summary>Ends well in any case, when nothing is under way any more.</summary>
    public Task Completion => completion.Task;

    /// <summary>Whether the value is there; fails if the slow tier could not be asked.</summary>
    public Task<bool> Opened => opened.Task;

    /// <summary>The fast tier, and the slow one: where readers go on that were left behind.</summary>
    public (IBlobStore Fast, IBlobStore Slow) Tiers => (fast, slow);

    /// <summary>Begins to read.</summary>
    public void Start() => Task.Run(RunAsync);

    /// <summary>Adds a reader, which leaves by <see cref="Leave"/>.</summary>
    public TierFillReader Attach(string store)
    {
        lock (gate)
        {
            var reader = new TierFillReader(this, store);
            readers.Add(reader);
            return reader;
        }
    }

    /// <summary>Takes a reader away; the last one stops what has not been read by then.</summary>
    public void Leave(TierFillReader reader)
    {
        lock (gate)
        {
            if (!readers.Remove(reader) || readers.Count > 0 || (opened.Task.IsCompleted && produced == Length))
                return;
        }

        stop.Cancel();
    }

    /// <summary>Ends it now.</summary>
    public void Cancel() => stop.Cancel();

    /// <summary>Keeps the value from being committed to the fast tier; false if that is under way, or was done.</summary>
    public bool TryForbidCommit()
    {
        lock (gate)
        {
            isCommitForbidden = true;
            return !isCommitting;
        }
    }

    /// <summary>Copies what is in memory from a position on; 0 if nothing is there yet, and then <paramref name="more"/> tells when to look again; null more: it won't be there.</summary>
    public int Copy(long position, Span<byte> destination, out Task? more)
    {
        lock (gate)
        {
            bool isAhead = position >= produced;
            more = isAhead && !hasEnded ? grown.Task : null;
            if (isAhead || blocks[(int)(position / BlockBytes)] is not { } block)
                return 0;
            ReadOnlySpan<byte> content = block.AsSpan((int)(position % BlockBytes));
            int count = (int)Math.Min(Math.Min(content.Length, destination.Length), produced - position);
            content[..count].CopyTo(destination);
            return count;
        }
    }

    private async Task RunAsync()
    {
        try
        {
            // Since the caller has looked, another fill may have ended.
            await using BlobReader? near = await TryAsync(() => fast.OpenReadAsync(digest, 0, stop.Token));
            await using BlobReader? far = near is null ? await slow.OpenReadAsync(digest, 0, stop.Token) : null;
            Length = (near ?? far)?.Length ?? 0;
            opened.SetResult((near ?? far) is not null);
            if ((near ?? far) is { } source)
                await FillAsync(source, fills: near is null);
        }
        catch (Exception exception) when (exception is CasException or OperationCanceledException)
        {
            opened.TrySetException(exception); // later than that, readers go on by themselves, and meet it there
            _ = opened.Task.Exception; // whether somebody waits or not
        }
        finally
        {
            ended(this);
            lock (gate)
            {
                hasEnded = true;
                grown.TrySetResult();
            }

            completion.SetResult();
        }
    }

    private async Task FillAsync(BlobReader source, bool fills)
    {
        BlobWriter? sink = fills ? await TryAsync<BlobWriter>(async () => await fast.OpenWriteAsync(digest, Length, stop.Token)) : null;
        try
        {
            while (produced < Length)
            {
                stop.Token.ThrowIfCancellationRequested(); // not every store looks at it
                Memory<byte> room = MakeRoom();
                int read = await source.ReadAsync(room, stop.Token);
                if (read == 0)
                    throw new BlobCorruptException(digest);
                Publish(read);
                if (sink is not null && await TryAsync(() => WriteAsync(sink, room[..read])) is null)
                {
                    await sink.DisposeAsync();
                    sink = null;
                }
            }

            if (sink is not null && MayCommit())
                await TryAsync(() => CommitAsync(sink));
        }
        finally
        {
            if (sink is not null)
                await sink.DisposeAsync();
        }
    }

    /// <summary>What is left of the last block, or a new one; the first may leave for it.</summary>
    private Memory<byte> MakeRoom()
    {
        lock (gate)
        {
            int used = (int)(produced % BlockBytes);
            if (used == 0)
            {
                blocks.Add(new byte[Math.Min(BlockBytes, Length - produced)]);
                if (blocks.Count > WindowBytes / BlockBytes)
                    blocks[blocks.Count - 1 - (WindowBytes / BlockBytes)] = null;
            }

            return blocks[^1].AsMemory(used);
        }
    }

    private void Publish(int count)
    {
        lock (gate)
        {
            produced += count;
            grown.SetResult();
            grown = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    private bool MayCommit()
    {
        lock (gate)
            return isCommitting = !isCommitForbidden;
    }

    private async ValueTask<BlobWriter?> WriteAsync(BlobWriter sink, ReadOnlyMemory<byte> data)
    {
        await sink.WriteAsync(new ReadOnlySequence<byte>(data), stop.Token);
        return sink;
    }

    private async ValueTask<BlobWriter?> CommitAsync(BlobWriter sink)
    {
        await sink.CommitAsync(stop.Token);
        return sink;
    }

    /// <summary>The fast tier's failures cost no reader anything.</summary>
    private static async ValueTask<T?> TryAsync<T>(Func<ValueTask<T?>> step)
        where T : class
    {
        try
        {
            return await step();
        }
        catch (CasException)
        {
            return null;
        }
    }
}
