using Build.Bazel.Remote.Execution.V2;
using Build.Bazel.Remote.LogStream.v1;
using Google.LongRunning;
using Microsoft.Extensions.Logging;
using RemoteExec.ActionCache;
using RemoteExec.ActionCache.Services;
using RemoteExec.Builds;
using RemoteExec.Builds.Critical;
using RemoteExec.Builds.Explain;
using RemoteExec.Builds.Services;
using RemoteExec.Builds.Sharing;
using RemoteExec.Cas;
using RemoteExec.Cas.Builds;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Services;
using RemoteExec.Execution.Logs;
using RemoteExec.Execution.Operators;
using RemoteExec.Execution.Provenance;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Execution.Services;
using RemoteExec.Protocol.Access;
using RemoteExec.Protocol.Operators;
using RemoteExec.Protocol.Workers;
using RemoteExec.References.Services;
using RemoteExec.Rpc.Server;
using RemoteExec.Rpc.Server.Limits;
using RemoteExec.Rpc.Services;
using RemoteExec.Server.Api;
using RemoteExec.Server.Api.Description;
using RemoteExec.Server.Api.Stores;
using RemoteExec.Server.Auth;
using RemoteExec.Server.Auth.Audit;
using RemoteExec.Server.Auth.Leases;
using RemoteExec.Server.Configuration;
using RemoteExec.Server.Quotas;
using RemoteExec.Server.Telemetry;
using RemoteExec.Server.WebConsole;
using RemoteExec.Worker;

namespace RemoteExec.Server.Hosting;

/// <summary>A whole server, composed out of its options: stores, services, listeners and the worker. Started once; disposing drains and stops it.</summary>
internal sealed class RunningServer : IAsyncDisposable
{
    /// <summary>What workers keep of files beside their content (DIR-07, CMD-08).</summary>
    private static readonly string[] nodeProperties = ["mtime", "unix_mode"];

    private readonly HealthService health = new();
    private readonly ServerTelemetry telemetry;
    private readonly RpcServerMetrics? rpcMetrics;
    private readonly ConnectionGate gate;
    private readonly CacheMetrics? cacheMetrics;
    private CertificateMetrics? certificateMetrics;
    private BuildMetrics? buildMetrics;
    private readonly LiveBuilds builds;
    private readonly StoreTree stores;
    private readonly UploadSessions uploads;
    private readonly WorkerSocket socket;
    private BuildRecords? records;
    private BuildSharing? sharing;
    private MissHistory? history;
    private CriticalPathFinder? criticalPaths;
    private SchedulerHost? scheduler;
    private ProvenanceSigner? signer;
    private ServerHost? host;
    private LocalWorker? worker;
    private LogStreams? logs;
    private OperatorEndpoints? operators;
    private AccessControl? access;
    private KeptReferences? references;
    private AssetsOpening? assets;
    private PythonOpening? python;

    private RunningServer(ServerOptions options, string dataDirectory, ILoggerFactory loggers, TimeProvider time)
    {
        DataDirectory = dataDirectory;
        telemetry = new ServerTelemetry(options.Telemetry, "remoteexec");
        if (options.Telemetry.Metrics)
            (rpcMetrics, cacheMetrics) = (new RpcServerMetrics(time), new CacheMetrics());
        socket = new WorkerSocket(dataDirectory);
        builds = new LiveBuilds(options.Builds.QuietTime, time);
        stores = new StoreTree(options.Stores, builds, options.Builds.Percent, options.MinFreeDisk, loggers, time);
        var ceiling = MemoryCeiling.Apply(options.MemoryLimit);
        int connections = options.Limits.Connections ?? ceiling.Connections;
        gate = new ConnectionGate(
            new ConnectionLimits
            {
                MaxConnections = connections,
                MaxPerAddress = options.Limits.ConnectionsPerAddress ?? Math.Max(connections / 4, 1),
                StallTime = options.Limits.StallTime,
            },
            new MemoryBudget(ceiling.ForCalls, time), loggers.CreateLogger("RemoteExec.Rpc"), time);
        rpcMetrics?.Observe(gate.Observe);
        uploads = new UploadSessions(new UploadSessionsOptions(), time);
    }

    /// <summary>How long actions that run may take to end once the server stops: less than the 30 s after which Kubernetes kills.</summary>
    public static TimeSpan DrainPatience { get; } = TimeSpan.FromSeconds(15);

    /// <summary>The listeners that clients may use, with the addresses that are really listened on.</summary>
    public IReadOnlyList<Listener> Listeners => [.. host!.Listeners.Where(listener => listener.Address.SocketPath != socket.FullPath)];

    /// <summary>Whether the TCP listeners speak TLS.</summary>
    public bool IsEncrypted { get; private init; }

    /// <summary>Whether clients may tell of their builds in events.</summary>
    public bool AreEventsTaken { get; private set; }

    /// <summary>Whether actions can be executed.</summary>
    public bool IsExecutionOffered => scheduler is not null;

    /// <summary>How many actions the worker inside runs at a time.</summary>
    public int Slots { get; private init; }

    /// <summary>The paths of the API over HTTP, besides those of operators.</summary>
    public ApiRoutes Routes { get; } = new();

    /// <summary>The paths of operators; null if nothing is executed.</summary>
    public OperatorEndpoints? OperatorPaths => operators;

    /// <summary>What calls have of the memory.</summary>
    public MemoryBudget Memory => gate.Memory;

    /// <summary>Where everything is kept.</summary>
    public string DataDirectory { get; }

    /// <summary>Starts a server; when this returns, calls are served.</summary>
    /// <exception cref="StartupException">Something outside of the server is in the way; the message tells what to change.</exception>
    public static async Task<RunningServer> StartAsync(ServerOptions options, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken)
    {
        var server = new RunningServer(options, DataDirectories.Prepare(options.Data), loggers, time)
        {
            IsEncrypted = options.Listeners.Tls.Certificate is not null,
            Slots = options.Execution.Enabled == false ? 0 : options.Worker.Slots ?? Environment.ProcessorCount,
        };
        try
        {
            await server.ComposeAsync(options, loggers, time, cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Drains and stops: what runs may end, what waits is told to come again, then the listeners close and the stores.</summary>
    public async ValueTask DisposeAsync()
    {
        health.Stop();
        if (scheduler is not null)
        {
            // The worker takes nothing more meanwhile, and gives back what has not ended by then.
            await Task.WhenAll(scheduler.DrainAsync(DrainPatience), worker?.DisposeAsync().AsTask() ?? Task.CompletedTask);
            await scheduler.DisposeAsync();
        }

        signer?.Dispose();

        if (logs is not null)
            await logs.DisposeAsync(); // those who read would stay as long as they are let
        if (records is not null)
            await records.Events.StopAsync(); // the same of those who tell of builds
        if (host is not null)
            await host.DisposeAsync();
        await uploads.DisposeAsync();
        if (assets is not null)
            await assets.DisposeAsync();
        if (python is not null)
            await python.DisposeAsync();
        if (records is not null)
            await records.DisposeAsync();
        if (history is not null)
            await history.DisposeAsync();
        criticalPaths?.Dispose();
        if (sharing is not null)
            await sharing.DisposeAsync();
        if (access is not null)
            await access.DisposeAsync();
        if (references is not null)
            await references.DisposeAsync();
        await stores.DisposeAsync();
        socket.Dispose();
        rpcMetrics?.Dispose();
        cacheMetrics?.Dispose();
        certificateMetrics?.Dispose();
        buildMetrics?.Dispose();
        telemetry.Dispose();
    }

    /// <summary>Waits until the token fires, or until something fails without which the server is not what it says it is.</summary>
    /// <exception cref="StartupException">The worker can't run.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        Task never = Task.Delay(Timeout.Infinite, cancellationToken);
        try
        {
            await await Task.WhenAny(never, worker?.Completion ?? never, scheduler?.Completion ?? never);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            throw new StartupException($"the worker can't run: {exception.Message} (settings worker.scratch and worker.separateUsers; --workers 0 for none)", exception);
        }
    }

    private async Task ComposeAsync(ServerOptions options, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken)
    {
        access = AccessControl.Open(options.Auth, options.Operators, DataDirectory, loggers, time);
        AccessGuard guard = access?.Guard ?? AccessGuard.Off;
        DefaultStores defaults = DefaultStores.In(DataDirectory, options.MaxSize);
        StoreReference media = options.Cas.Store ?? defaults.Cas;
        var instances = new InstanceStores(options, DataDirectory, stores);
        IBlobStore blobs = await instances.OpenAsync(media, StoreUse.Blobs, "cas", cancellationToken);
        ChunkedStore? chunked = instances.Blobs(media).All(stores.KeepsAnyValue) ? new ChunkedStore(blobs) : null; // a recipe is no blob, as a result is none
        if (chunked is not null)
            blobs = options.Cas.Chunking == ChunkingMode.Always ? new ChunkingStore(chunked) : chunked;
        IBlobStore cas = new EmptyBlobStore(new VerifyingStore(blobs));
        IBlobStore results = await instances.OpenAsync(options.ActionCache.Store ?? defaults.ActionCache, StoreUse.Results, "actionCache", cancellationToken);
        if (stores.HasResultsInRedis)
            results = new MissingWhenDownStore("actionCache", results, loggers.CreateLogger<MissingWhenDownStore>(), time);
        IActionCache storedResults = new ActionCacheStore(results), actionCache = storedResults;
        if (options.ActionCache.Complete)
            actionCache = new CompleteActionCache(actionCache, cas, discardsIncomplete: !stores.MissesForNow);

        var limits = new CasLimits { MaxBlobBytes = options.Cas.MaxBlobBytes.Bytes };
        bool executes = options.Execution.Enabled ?? (Slots > 0 || options.Listeners.Workers.Count > 0 || options.Execution.Scheduler.Ha != SchedulerAvailability.None);
        var features = new ServerFeatures
        {
            ActionCacheUpdate = options.ActionCache.Updates,
            Instances = instances.Policies(),
            OtherInstances = options.OtherInstances,
            Execution = executes,
            ExecutionPriorities = (int.MinValue, int.MaxValue),
            NodeProperties = nodeProperties,
            Limits = limits,
            Access = guard,
        };
        // What services for clients see: who calls them has to have the right.
        (IBlobStore clientCas, IBlobStore clientResults, IActionCache clientCache) = access is null
            ? (cas, results, actionCache)
            : (new GuardedStore(cas, guard), new GuardedStore(results, guard, Right.ReadAc, Right.WriteAc), new GuardedActionCache(actionCache, guard));
        if (access?.Audit is { } audit)
            (clientCache, clientResults) = (new AuditedActionCache(clientCache, audit), new AuditedStore(clientResults, audit));
        Func<LeaseKeys>? leaseKeys = options.GivesLeaseTokens ? LeaseKeyFile.Open(options.Auth.Leases, DataDirectory, loggers.CreateLogger<LeaseAuthenticator>(), time) : null;
        AccessGuard workerGuard = leaseKeys is null ? AccessGuard.Off : access?.Guard ?? new AccessGuard(() => Caller.Current);
        // What workers are offered as well: they write no results of actions, and execute nothing elsewhere. Of what they do nobody is told: clients have said for which builds it is.
        List<RpcService> workerServices =
        [
            new CasService(cas, chunked, limits, access: workerGuard).ToRpcService(), new CapabilitiesService(features with { Access = AccessGuard.Off }).ToRpcService(), health.ToRpcService(),
        ];
        Execution.ExecutionOptions execution = ExecutionSettings.ToOptions(options.Execution, nodeProperties, signer = ExecutionSettings.OpenSigner(options.Execution.Provenance, time));
        if (executes)
        {
            scheduler = new SchedulerHost(
                options.Execution.Scheduler, DataDirectory,
                (journal, restored) => new ActionQueue(cas, actionCache, execution, journal, restored, loggers.CreateLogger<ActionQueue>(), time),
                loggers, time);
        }

        references = KeptReferences.Open(options.References, DataDirectory, cas, builds, access?.Audit, loggers, time);
        records = RecordsOpening.Open(options.Builds, DataDirectory, loggers, time); // the last: the server does without them, but not without what is before
        sharing = RecordsOpening.Share(options.Builds, records, loggers, time);
        var observer = new CallObservers(cacheMetrics ?? ICallObserver.None, records?.Observer ?? ICallObserver.None);
        history = RecordsOpening.OpenHistory(options.Builds, records, sharing, cas, DataDirectory, loggers, time);
        buildMetrics = records is not null && options.Telemetry.Metrics ? new BuildMetrics(records) : null;
        criticalPaths = records is null ? null : new CriticalPathFinder(records, cas, storedResults, time);
        List<RpcService> services =
        [
            new CasService(cas, chunked, limits, observer, guard).ToRpcService(), new CapabilitiesService(features).ToRpcService(), health.ToRpcService(),
            new ActionCacheService(clientCache, clientCas, features, observer).ToRpcService(), new ReferencesService(references.Book, features).ToRpcService(),
        ];
        var wholeResults = new CompleteActionCache(storedResults, cas, discardsIncomplete: !stores.MissesForNow);
        assets = AssetsOpening.Open(options.Assets, DataDirectory, cas, wholeResults, clientCache, features, time);
        services.AddRange(assets?.Services ?? []);
        python = PythonOpening.Open(options.Pypi, DataDirectory, cas, limits, references.Book, guard, loggers, time);
        if (records is not null && options.Builds.Events)
        {
            services.Add(new PublishBuildEventService(records.Events).ToRpcService());
            AreEventsTaken = true;
        }

        IStreamedResources? logsToRead = null, logsToWrite = null;
        List<Listener> listeners = ListenersOf(options.Listeners);

        if (scheduler is not null)
        {
            logs = new LogStreams(Path.Combine(DataDirectory, "live-logs"), new LogStreamsOptions(), time);
            (logsToRead, logsToWrite) = (scheduler.Serve(new LogStreamResources(logs, mayWrite: false)), scheduler.Serve(new LogStreamResources(logs, mayWrite: true)));
            LeaseTokens? leaseTokens = leaseKeys is null ? null : new LeaseTokens(grant => leaseKeys().Sign(grant), TimeSpan.FromTicks(Math.Max(options.Auth.Leases.Lifetime.Ticks, execution.LeaseDuration.Ticks)), time);
            OperatorAccess operatorAccess = access is null ? OperatorTokens.Open(options.Operators, loggers, time) : OperatorAccess.Decided;
            services.AddRange(scheduler.Serve(
                isForWorkers: false, guard,
                queue =>
                [
                    new ExecutionService(queue, cas, features, observer).ToRpcService(),
                    new OperationsService(queue, cas, limits, time, guard).ToRpcService(),
                    new OperatorService(Audited(new QueueOperator(queue)), operatorAccess).ToRpcService(),
                ],
                (RemoteExecutionReflection.Descriptor, "Execution"), (OperationsReflection.Descriptor, "Operations"), (OperatorReflection.Descriptor, "Operator")));
            workerServices.AddRange(scheduler.Serve(
                isForWorkers: true, AccessGuard.Off,
                queue => [new WorkerQueueService(queue, execution, loggers.CreateLogger<WorkerQueueService>(), leaseTokens).ToRpcService(), new LogStreamService(logs, workerGuard).ToRpcService()],
                (WorkerReflection.Descriptor, "WorkerQueue"), (RemoteLogstreamReflection.Descriptor, "LogStreamService")));
            operators = new OperatorEndpoints(Audited(scheduler.Operator), operatorAccess);
            Routes.Add(new LogEndpoints(scheduler.Logs(logs, cas), time).Routes);
            listeners.Add(new Listener(ListenerKind.Workers, ListenAddress.OfSocket(socket.FullPath), "--data"));
        }

        services.Add(new ByteStreamService(clientCas, uploads, limits, logsToRead, observer, guard).ToRpcService());
        workerServices.Add(new ByteStreamService(leaseKeys is null ? cas : new GuardedStore(cas, workerGuard), uploads, limits, logsToWrite, access: workerGuard).ToRpcService());
        services.AddRange(new ReflectionService(services.Select(service => service.Descriptor)).ToRpcServices());
        var content = new ContentEndpoints(
            new ContentReader(clientCas, clientCache), clientCas, new ServerView(typeof(RunningServer).Assembly.GetName().Version!.ToString(3), time.GetUtcNow(), executes, EffectiveSettings.List(options)),
            guard, loggers.CreateLogger<ContentEndpoints>(), time);
        Routes.Add(new BuildEndpoints(records, time).Routes);
        Routes.Add(new ExplainEndpoints(records, history, time).Routes);
        Routes.Add(new CriticalPathEndpoint(criticalPaths, time).Route);
        Routes.Add(content.Routes);
        Routes.Add(new StoreEndpoints(stores, time).Route);
        Routes.Add(OpenApiDocument.Route(time));
        var metadata = new RequestMetadataInterceptor(loggers.CreateLogger("RemoteExec.Rpc"), stores.HasRemote);
        ServerCertificate? certificate = ServerCertificate.Load(options.Listeners.Tls);
        if (certificate is not null && options.Telemetry.Metrics)
            certificateMetrics = new CertificateMetrics(certificate.Leaf.NotAfter, time);
        TenantQuotas? quotas = options.Limits.Tenants.Count > 0 ? new TenantQuotas(options.Limits.Tenants, time) : null;
        if (quotas is not null)
            rpcMetrics?.Observe(quotas.Observe);
        List<RpcInterceptor> forClients = [];
        if (access is not null)
            forClients.Add(new CallAccess(access.Authenticators, access.Audit).InvokeAsync);
        if (quotas is not null)
            forClients.Add(quotas.InvokeAsync); // behind it: strangers take nobody's share
        host = await ServerHost.StartAsync(
            new ServerHostOptions
            {
                Listeners = listeners,
                Services = services,
                WorkerServices = workerServices,
                WorkerGate = WorkerGate.Open(options.Listeners.WorkerAuth, access, leaseKeys is null ? null : new LeaseAuthenticator(leaseKeys, time), loggers, time),
                MapHttp = application =>
                {
                    new HealthEndpoint(health).Map(application);
                    if (access is not null)
                        new HttpAccess(access.Authenticators, Routes, operators, records, python.Endpoints, options.Auth.PublicMetrics, access.Audit).Map(application);
                    telemetry.Metrics?.Map(application);
                    quotas?.Map(application);
                    operators?.Map(application); // before those that take what comes for part of a build
                    Routes.Map(application);
                    ConsoleFiles.Map(application);
                    python.Endpoints.Map(application);
                    new BuildWatch(builds, isForWorkers: false).Map(application);
                    new HttpCacheEndpoints(clientCache, clientResults, clientCas, features, observer).Map(application);
                },
                Certificate = certificate,
                AsksForCertificates = access?.AsksForCertificates ?? false,
                Gate = gate,
                Rpc = new RpcServerOptions { Metrics = rpcMetrics, UseOf = CallMemory.UseOf, Interceptors = [.. forClients, metadata.InvokeAsync, new BuildWatch(builds, isForWorkers: false).InvokeAsync] },
                WorkerRpc = new RpcServerOptions { Metrics = rpcMetrics, UseOf = CallMemory.UseOf, BeginsTraces = false, Interceptors = [metadata.InvokeAsync, new BuildWatch(builds, isForWorkers: true).InvokeAsync] },
            },
            loggers, time, cancellationToken);
        foreach (RpcService service in services.Union(workerServices))
            health.Set(service.Descriptor.FullName, serving: true);
        health.Set("", serving: true);
        if (scheduler is not null)
            await scheduler.StartAsync(host.Listeners, IsEncrypted);
        if (scheduler is not null && Slots > 0)
        {
            WorkerOptions settings = WorkerSettings.ToOptions(options.Worker, DataDirectory) with { GracePeriod = DrainPatience };
            worker = new LocalWorker(settings, cas, new EmptyBlobStore(blobs), socket.FullPath, loggers, time);
        }
    }

    private IOperator Audited(IOperator steers) => access?.Audit is { } audit ? new AuditedOperator(steers, audit) : steers;

    private static List<Listener> ListenersOf(ListenersOptions options) =>
    [
        .. options.Grpc.Select(address => new Listener(ListenerKind.Grpc, address, "--grpc")),
        .. options.Http.Select(address => new Listener(ListenerKind.Http, address, "--http")),
        .. options.Workers.Select(address => new Listener(ListenerKind.Workers, address, "--worker-listen")),
    ];
}
