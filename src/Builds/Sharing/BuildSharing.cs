using Google.Protobuf;
using Microsoft.Extensions.Logging;
using RemoteExec.Builds.Storage;
using RemoteExec.Redis;

namespace RemoteExec.Builds.Sharing;

/// <summary>
/// The Redis through which servers share what builds did: each of them tells the others what came to it, so that every one knows what came to all. Whoever shares something is disposed of before this,
/// which closes the connection.
/// </summary>
public sealed class BuildSharing : IAsyncDisposable
{
    private readonly RedisConnection redis;
    private readonly SharingCounts counts;
    private readonly SharingOptions options;
    private readonly ILogger logger;
    private readonly TimeProvider time;
    private readonly List<ISharingLink> links = [];
    private readonly Lock gate = new(); // guards what follows
    private string? connectionProblem;
    private string? problem;

    /// <summary>Begins to connect.</summary>
    /// <param name="connection">The Redis.</param>
    /// <param name="options">How it is used.</param>
    /// <param name="logger">Told of what goes wrong.</param>
    /// <param name="time">The clock.</param>
    public BuildSharing(RedisConnectionOptions connection, SharingOptions options, ILogger logger, TimeProvider time)
    {
        (this.options, this.logger, this.time) = (options, logger, time);
        counts = new SharingCounts(logger);
        redis = new RedisConnection(connection, Report, time);
    }

    /// <summary>How it goes.</summary>
    public SharingStatus Status => new()
    {
        Problem = Volatile.Read(ref problem),
        LastHeard = links.Any(link => link.LastHeard is null) ? null : links.Min(link => link.LastHeard),
        Waiting = links.Sum(link => link.Waiting),
        Dropped = counts.Dropped,
        Missed = counts.Missed,
        Unknown = counts.Unknown,
    };

    /// <summary>What goes wrong.</summary>
    internal SharingCounts Counts => counts;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => redis.DisposeAsync();

    /// <summary>What a file is to tell and hear.</summary>
    internal SharingLedger<T> Begin<T>()
        where T : class => new(options.MaxBacklogBytes, counts);

    /// <summary>Shares a file from now on; the caller disposes of it.</summary>
    /// <param name="name">What kind of file it is.</param>
    /// <param name="ledger">What it tells and hears.</param>
    /// <param name="parser">Reads what others tell.</param>
    /// <param name="database">The file.</param>
    /// <param name="takeIn">Has it take in what has arrived.</param>
    internal ISharingLink Link<T>(string name, SharingLedger<T> ledger, MessageParser<T> parser, BuildDatabase database, Func<CancellationToken, Task> takeIn)
        where T : class, IMessage<T>
    {
        var link = new SharingLink<T>(new SharedStream(redis, options.KeyPrefix, name, options.MaxBytes), ledger, parser, database, takeIn, Report, logger, time);
        lock (gate)
            links.Add(link);
        return link;
    }

    private void Report(string? found)
    {
        lock (gate)
            connectionProblem = found;
        Report();
    }

    private void Report()
    {
        lock (gate)
        {
            string? found = connectionProblem ?? links.Select(link => link.Problem).FirstOrDefault(refusal => refusal is not null);
            if (found is null && problem is not null)
                BuildsLog.SharedAgain(logger);
            else if (found is not null && problem is null)
                BuildsLog.RedisAway(logger, found);
            problem = found;
        }
    }
}
