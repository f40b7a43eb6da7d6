using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Access;

namespace RemoteExec.Server.Auth.Audit;

/// <summary>
/// Writes down who wrote results of actions, who steered, and what was denied to whom. No call waits for it: entries are written soon after, and if more come than the disk takes, or strangers cause more
/// denials than are worth reading, the next entry says how many were left out.
/// </summary>
internal sealed class AuditLog : IAsyncDisposable
{
    private const int MostWaiting = 10_000;
    private const int MostDenials = 100; // a second
    private const int MostAtATime = 500;
    private readonly Channel<AuditEntry> waiting = Channel.CreateBounded<AuditEntry>(new BoundedChannelOptions(MostWaiting) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
    private readonly AuditFile file;
    private readonly string path;
    private readonly ILogger logger;
    private readonly TimeProvider time;
    private readonly Task writing;
    private readonly Lock gate = new(); // guards the two below
    private long second;
    private int denials;
    private long leftOut;
    private bool hasFailed;

    /// <summary>Begins.</summary>
    /// <param name="path">The file.</param>
    /// <param name="maxBytes">From which length on it makes room for a new one.</param>
    /// <param name="logger">Told if it can't be written.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="StartupException">It can't be written.</exception>
    public AuditLog(string path, long maxBytes, ILogger logger, TimeProvider time)
    {
        (this.path, this.logger, this.time) = (path, logger, time);
        file = new AuditFile(path, maxBytes);
        try
        {
            file.Add();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"{path} can't be written: {IoReason.OfReading(path, exception)} (setting auth.audit.file)", exception);
        }

        writing = WriteAsync();
    }

    /// <summary>The caller has done something.</summary>
    /// <param name="what">What.</param>
    /// <param name="instance">Where; null if that has no meaning.</param>
    /// <param name="subject">To what.</param>
    public void Done(string what, InstanceName? instance, string subject) => Add(new AuditEntry
    {
        Time = time.GetUtcNow(),
        What = what,
        Caller = Caller.Current?.Name,
        Method = Caller.Current?.Method,
        Instance = instance?.Value,
        Subject = subject,
        Outcome = "done",
    });

    /// <summary>Something was denied.</summary>
    /// <param name="what">The method or path; null where only the reason is known.</param>
    /// <param name="caller">To whom; null for who showed nothing good.</param>
    /// <param name="peer">From where he called; null if that is not known.</param>
    /// <param name="reason">Why.</param>
    public void Denied(string? what, Caller? caller, string? peer, string reason)
    {
        if (IsTooMuch())
            Interlocked.Increment(ref leftOut);
        else
            Add(new AuditEntry { Time = time.GetUtcNow(), What = what ?? "call", Caller = caller?.Name, Method = caller?.Method, Peer = peer, Outcome = "denied", Reason = reason });
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        waiting.Writer.Complete();
        await writing;
    }

    private bool IsTooMuch()
    {
        long now = time.GetUtcNow().ToUnixTimeSeconds();
        lock (gate)
        {
            if (now != second)
                (second, denials) = (now, 0);
            return ++denials > MostDenials;
        }
    }

    private void Add(AuditEntry entry)
    {
        if (!waiting.Writer.TryWrite(entry))
            Interlocked.Increment(ref leftOut);
    }

    private async Task WriteAsync()
    {
        var some = new List<AuditEntry>();
        while (await waiting.Reader.WaitToReadAsync())
        {
            while (some.Count < MostAtATime && waiting.Reader.TryRead(out AuditEntry? entry))
                some.Add(Interlocked.Exchange(ref leftOut, 0) is > 0 and var number ? entry with { LeftOut = number } : entry);
            Write(some);
            some.Clear();
        }
    }

    private void Write(List<AuditEntry> some)
    {
        try
        {
            file.Add(some);
            hasFailed = false;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Interlocked.Add(ref leftOut, some.Count);
            if (!hasFailed)
                ServerLog.AuditNotWritten(logger, path, IoReason.Of(exception));
            hasFailed = true;
        }
    }
}
