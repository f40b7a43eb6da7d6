using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Quotas;

/// <summary>One tenant: what it may have a second, and at a time. Thread-safe.</summary>
/// <param name="name">The name that its quota has in the settings.</param>
/// <param name="options">The quota.</param>
/// <param name="time">The clock.</param>
internal sealed class Tenant(string name, TenantLimitOptions options, TimeProvider time)
{
    /// <summary>How long a request waits in line before it is told to come again: some clients try only for three seconds.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly TokenBucket? requests = options.RequestsPerSecond is { } rate ? new TokenBucket(rate, time) : null;
    private readonly TokenBucket? received = options.UploadPerSecond is { } up ? new TokenBucket(up.Bytes, time) : null;
    private readonly TokenBucket? sent = options.DownloadPerSecond is { } down ? new TokenBucket(down.Bytes, time) : null;
    private readonly SemaphoreSlim? calls = options.Calls is { } most ? new SemaphoreSlim(most) : null; // without a handle, so that nothing needs disposing
    private long refused;

    /// <summary>The name that its quota has in the settings.</summary>
    public string Name => name;

    /// <summary>How many requests were told to come again.</summary>
    public long Refused => Interlocked.Read(ref refused);

    /// <summary>A call begins: waits in line, and tells what is exceeded if that is no use; null if the call may go on, and has to <see cref="Leave"/>.</summary>
    public async ValueTask<QuotaRefusal?> EnterAsync(CancellationToken cancellationToken)
    {
        TimeSpan wait = TimeSpan.Zero;
        if (requests?.TryTake(1, Patience, out wait) == false)
            return Refuse($"{options.RequestsPerSecond} requests a second are its quota (limits.tenants)", wait - Patience);
        if (wait > TimeSpan.Zero)
            await Task.Delay(wait, time, cancellationToken);
        return calls is null || await calls.WaitAsync(Patience, cancellationToken)
            ? null
            : Refuse($"{options.Calls} calls at a time are its quota (limits.tenants)", Patience / 2);
    }

    /// <summary>A call that had entered has ended.</summary>
    public void Leave() => calls?.Release();

    /// <summary>Counts what was received, and waits until it may be.</summary>
    public ValueTask ReceiveAsync(long bytes, CancellationToken cancellationToken) => PaceAsync(received, bytes, cancellationToken);

    /// <summary>Counts what is to be sent, and waits until it may be.</summary>
    public ValueTask SendAsync(long bytes, CancellationToken cancellationToken) => PaceAsync(sent, bytes, cancellationToken);

    private ValueTask PaceAsync(TokenBucket? bucket, long bytes, CancellationToken cancellationToken) =>
        bucket?.Take(bytes) is { } wait && wait > TimeSpan.Zero ? new ValueTask(Task.Delay(wait, time, cancellationToken)) : ValueTask.CompletedTask;

    private QuotaRefusal Refuse(string reason, TimeSpan wait)
    {
        Interlocked.Increment(ref refused);
        string whose = name.Length == 0 ? "instances without a quota of their own" : $"instance '{name}'";
        return new QuotaRefusal($"too much at a time for {whose}: {reason}", wait > TimeSpan.FromSeconds(1) ? wait : TimeSpan.FromSeconds(1));
    }
}
