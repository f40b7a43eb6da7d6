using System.Net.Security;
using System.Security.Cryptography;
using Google.Protobuf.Reflection;
using Microsoft.Extensions.Logging;
using RemoteExec.Cas;
using RemoteExec.Cas.Services;
using RemoteExec.Execution.Availability;
using RemoteExec.Execution.Journal;
using RemoteExec.Execution.Logs;
using RemoteExec.Execution.Operators;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Execution.Services;
using RemoteExec.Protocol.Access;
using RemoteExec.Redis;
using RemoteExec.Rpc.Client;
using RemoteExec.Rpc.Server;
using RemoteExec.Server.Auth;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Hosting;

/// <summary>
/// The scheduler's place in a server: alone, with a journal in the data directory, or among others that share a Redis. Services are made first, then it is started, when calls can be
/// answered; draining and disposing come last.
/// </summary>
internal sealed class SchedulerHost : IAsyncDisposable
{
    private readonly ILogger logger;
    private readonly TimeProvider time;
    private readonly Func<IJournal?, JournalState, ActionQueue> open;
    private readonly SchedulerOptions options;
    private readonly RedisConnection? redis;
    private readonly SchedulerRouter? router;
    private readonly FileJournal? journal;
    private readonly ActionQueue? queue; // of a scheduler that stands alone
    private SchedulerRole? role;

    /// <summary>Opens what it needs.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="dataDirectory">Where a scheduler that stands alone keeps its journal.</param>
    /// <param name="open">Makes the queue that goes on with a journal.</param>
    /// <param name="loggers">For its log.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="StartupException">The journal, or a file that the settings name, can't be used.</exception>
    public SchedulerHost(SchedulerOptions options, string dataDirectory, Func<IJournal?, JournalState, ActionQueue> open, ILoggerFactory loggers, TimeProvider time)
    {
        this.options = options;
        this.open = open;
        this.time = time;
        logger = loggers.CreateLogger<SchedulerRole>();
        if (options is { Ha: SchedulerAvailability.Redis, Redis: { } shared })
        {
            router = new SchedulerRouter(PeerAccessOf(options.Peers, loggers, time), time);
            redis = new RedisConnection(RedisStores.ToConnection(shared, "execution.scheduler.redis"), problem => SchedulerRole.Report(logger, problem), time);
            return;
        }

        var state = new JournalState();
        if (options.Journal)
            journal = OpenJournal(Path.Combine(dataDirectory, "scheduler"), state);
        queue = Restore(state);
    }

    /// <summary>What operators ask and tell it.</summary>
    public IOperator Operator => queue is not null ? new QueueOperator(queue) : new ActiveOperator(router!);

    /// <summary>Fails once the scheduler is of no use any more; does not end otherwise.</summary>
    public Task Completion => queue is null ? Task.Delay(Timeout.Infinite) : WatchAsync(queue);

    /// <summary>Makes services, which are those of the scheduler here, or carry calls on to where it is.</summary>
    /// <param name="isForWorkers">True if they are offered on the listener of workers alone.</param>
    /// <param name="make">Makes them over a queue that is here.</param>
    /// <param name="access">Knows what callers may do, if they are those of clients.</param>
    /// <param name="services">Which they are.</param>
    public IEnumerable<RpcService> Serve(bool isForWorkers, AccessGuard access, Func<ActionQueue, IEnumerable<RpcService>> make, params IEnumerable<(FileDescriptor File, string Service)> services)
    {
        if (queue is not null)
            return make(queue);
        var active = new ActiveSchedulerServices(router!, make, time, access);
        return services.Select(service => active.Of(service.File, service.Service, isForWorkers));
    }

    /// <summary>Log streams as ByteStream has them, which are where the scheduler is.</summary>
    /// <param name="here">Those of this server.</param>
    public IStreamedResources Serve(LogStreamResources here) => router is null ? here : new ActiveLogStreams(router, here, time);

    /// <summary>What operations write, wherever the scheduler is.</summary>
    /// <param name="streams">The live logs of this server.</param>
    /// <param name="cas">Where logs are when they were written.</param>
    public OperationLogs Logs(LogStreams streams, IBlobStore cas) => queue is not null ? new OperationLogs(queue, streams, cas) : new OperationLogs(router!, streams, cas);

    /// <summary>Takes part from now on.</summary>
    /// <param name="listeners">Where the server listens.</param>
    /// <param name="isEncrypted">Whether it speaks TLS there.</param>
    public async Task StartAsync(IReadOnlyList<Listener> listeners, bool isEncrypted)
    {
        if (redis is null)
            return;
        await redis.Attempted;
        var shared = new SharedJournal(redis, options.Redis!.KeyPrefix);
        SchedulerAddresses? addresses = options.Candidate
            ? new SchedulerAddresses(
                AddressOf(options.Advertise.Grpc, listeners, ListenerKind.Grpc, isEncrypted)!, // settings without one were refused
                AddressOf(options.Advertise.Workers, listeners, ListenerKind.Workers, isEncrypted))
            : null;
        role = new SchedulerRole(shared, addresses, router!, open, logger, time);
    }

    /// <summary>Waits for what runs, or hands everything over to others where there are any.</summary>
    public Task DrainAsync(TimeSpan patience) =>
        queue?.DrainAsync(patience, CancellationToken.None) ?? role?.HandOverAsync() ?? Task.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (queue is not null)
            await queue.DisposeAsync();
        if (journal is not null)
            await journal.DisposeAsync();
        if (role is not null)
            await role.DisposeAsync();
        if (router is not null)
            await router.DisposeAsync();
        if (redis is not null)
            await redis.DisposeAsync();
    }

    private static async Task WatchAsync(ActionQueue queue)
    {
        try
        {
            await queue.Lost;
        }
        catch (Exception exception)
        {
            throw new StartupException($"the scheduler's journal failed: {exception.Message}", exception);
        }
    }

    private FileJournal OpenJournal(string directory, JournalState state)
    {
        try
        {
            return FileJournal.Open(directory, state.Apply, logger, time);
        }
        catch (Exception exception) when (exception is JournalDamagedException or JournalLockedException)
        {
            throw new StartupException(exception.Message, exception);
        }
        catch (InvalidDataException exception)
        {
            throw NotUnderstood(directory, exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"the scheduler's journal in {directory} can't be opened: {IoReason.Of(exception)} (choose another directory with --data, or turn it off with execution.scheduler.journal: false)", exception);
        }
    }

    private ActionQueue Restore(JournalState state)
    {
        try
        {
            return open(journal, state);
        }
        catch (InvalidDataException exception)
        {
            throw NotUnderstood("the data directory", exception);
        }
    }

    private static StartupException NotUnderstood(string place, InvalidDataException exception) => new(
        $"the scheduler's journal in {place} makes no sense to this version: {exception.Message} (run the version that wrote it, or delete the file 'scheduler/journal' in the data directory; clients execute again what is lost)", exception);

    private static PeerAccess PeerAccessOf(PeersOptions peers, ILoggerFactory loggers, TimeProvider time)
    {
        const string Settings = "execution.scheduler.peers";
        SslClientAuthenticationOptions? ssl = Read($"{Settings}.caFile", peers.CaFile, RpcTrust.InPemFile);
        if (peers.Certificate is { } certificate)
            ssl = Read($"{Settings}.certificate, key", certificate, file => (ssl ?? new SslClientAuthenticationOptions()).Showing(file, peers.Key!));
        return new PeerAccess
        {
            Ssl = ssl,
            ServerName = peers.TlsServerName,
            WorkerAuthorization = TokenIn(peers.TokenFile, "tokenFile"),
            ClientAuthorization = TokenIn(peers.ClientTokenFile, "clientTokenFile"),
        };

        Func<string?>? TokenIn(string? file, string key) => file is null ? null : ShownToken.In(file, $"{Settings}.{key}", loggers.CreateLogger<SchedulerHost>(), time);

        static T? Read<T>(string setting, string? file, Func<string, T> read)
            where T : class
        {
            try
            {
                return file is null ? null : read(file);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException)
            {
                throw new StartupException($"{file}: {(exception is CryptographicException ? exception.Message.TrimEnd('.') : IoReason.OfReading(file!, exception))} (setting {setting})", exception);
            }
        }
    }

    private static RpcAddress? AddressOf(string? advertised, IReadOnlyList<Listener> listeners, ListenerKind kind, bool isEncrypted)
    {
        if (advertised is not null)
            return RpcAddress.Parse(advertised);
        Listener? first = listeners.FirstOrDefault(listener => listener.Kind == kind && listener.Address.CanBeCalled);
        return first is null ? null : RpcAddress.Parse($"{(isEncrypted ? "grpcs" : "grpc")}://{first.Address}");
    }
}
