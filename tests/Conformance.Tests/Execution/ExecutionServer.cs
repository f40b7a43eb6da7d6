using Google.LongRunning;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.ActionCache;
using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Services;
using RemoteExec.Cas.Stores;
using RemoteExec.Execution;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Execution.Services;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.TestKit;
using Digest = RemoteExec.Protocol.Digest;

namespace RemoteExec.Conformance.Tests.Execution;

/// <summary>A server that executes actions on the workers a test connects, its clock in the test's hand.</summary>
internal sealed class ExecutionServer : IAsyncDisposable
{
    private readonly InProcessServer server;
    private readonly ActionQueue queue;

    private ExecutionServer(
        InProcessServer server, ActionQueue queue, IBlobStore cas, IActionCache cache, FaultyStore faults, FaultyStore resultFaults,
        ManualTimeProvider time)
    {
        this.server = server;
        this.queue = queue;
        Cas = cas;
        Cache = cache;
        Faults = faults;
        ResultFaults = resultFaults;
        Time = time;
    }

    public IBlobStore Cas { get; }

    public IActionCache Cache { get; }

    /// <summary>Below the CAS: makes it fail.</summary>
    public FaultyStore Faults { get; }

    /// <summary>Below the action cache: makes it fail.</summary>
    public FaultyStore ResultFaults { get; }

    public ManualTimeProvider Time { get; }

    public ActionQueue Queue => queue;

    public RpcChannel Channel => server.Channel;

    public static async Task<ExecutionServer> StartAsync(ExecutionOptions? options = null)
    {
        options ??= new ExecutionOptions();
        var time = new ManualTimeProvider();
        var faults = new FaultyStore(new MemoryStore(64 * 1024 * 1024));
        var cas = new EmptyBlobStore(faults);
        var resultFaults = new FaultyStore(new MemoryStore(16 * 1024 * 1024));
        var cache = new CompleteActionCache(new ActionCacheStore(resultFaults), cas);
        var limits = new CasLimits();
        var queue = new ActionQueue(cas, cache, options, NullLogger.Instance, time);
        InProcessServer server = await InProcessServer.StartAsync(
            new ExecutionService(queue, cas, new ServerFeatures { Limits = limits }).ToRpcService(),
            new OperationsService(queue, cas, limits, time).ToRpcService(),
            new WorkerQueueService(queue, options, NullLogger.Instance).ToRpcService());
        return new ExecutionServer(server, queue, cas, cache, faults, resultFaults, time);
    }

    /// <summary>Stores a message in the CAS.</summary>
    public async Task<Digest> StoreAsync(IMessage message, string instance = "", DigestFunction function = DigestFunction.Sha256)
    {
        TestBlob blob = TestBlob.Of(message.ToByteArray(), instance, function);
        await Cas.WriteAllAsync(blob.Digest, blob.Content, TestContext.Current.CancellationToken);
        return blob.Digest;
    }

    /// <summary>Stores an action that is good but for what the test changes, with its command and an empty input root.</summary>
    public async Task<Digest> StoreActionAsync(
        string salt = "", Action<Reapi.Action>? changeAction = null, Action<Reapi.Command>? changeCommand = null,
        string instance = "", DigestFunction function = DigestFunction.Sha256)
    {
        var command = new Reapi.Command { Arguments = { "true" }, OutputPaths = { "out" } };
        changeCommand?.Invoke(command);
        Digest commandDigest = await StoreAsync(command, instance, function);
        var action = new Reapi.Action
        {
            CommandDigest = commandDigest.ToProto(),
            InputRootDigest = EmptyBlob.DigestOf(commandDigest.Instance, function).ToProto(),
            Salt = ByteString.CopyFromUtf8(salt),
        };
        changeAction?.Invoke(action);
        return await StoreAsync(action, instance, function);
    }

    /// <summary>Calls Execute.</summary>
    public OperationStream Execute(Digest action, Action<Reapi.ExecuteRequest>? change = null, RpcCallOptions? callOptions = null)
    {
        var request = new Reapi.ExecuteRequest
        {
            InstanceName = action.Instance.Value,
            ActionDigest = action.ToProto(),
            DigestFunction = (Reapi.DigestFunction.Types.Value)action.Function,
        };
        change?.Invoke(request);
        return new OperationStream(Channel.Send(
            "/build.bazel.remote.execution.v2.Execution/Execute", request, callOptions, TestContext.Current.CancellationToken));
    }

    /// <summary>Calls Execute with a request as it is.</summary>
    public OperationStream Execute(Reapi.ExecuteRequest request) =>
        new(Channel.Send("/build.bazel.remote.execution.v2.Execution/Execute", request, null, TestContext.Current.CancellationToken));

    /// <summary>Calls WaitExecution.</summary>
    public OperationStream Wait(string name) => new(Channel.Send(
        "/build.bazel.remote.execution.v2.Execution/WaitExecution",
        new Reapi.WaitExecutionRequest { Name = name }, null, TestContext.Current.CancellationToken));

    /// <summary>Calls a method of the Operations service.</summary>
    public Task<TResponse> OperationsAsync<TRequest, TResponse>(string method, TRequest request)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>, new() =>
        Channel.UnaryAsync<TRequest, TResponse>($"/google.longrunning.Operations/{method}", request, TestContext.Current.CancellationToken);

    public Task<Operation> GetOperationAsync(string name) =>
        OperationsAsync<GetOperationRequest, Operation>("GetOperation", new GetOperationRequest { Name = name });

    public Task CancelOperationAsync(string name) =>
        OperationsAsync<CancelOperationRequest, Google.Protobuf.WellKnownTypes.Empty>("CancelOperation", new CancelOperationRequest { Name = name });

    /// <summary>Connects a worker with one slot.</summary>
    public FakeWorker ConnectWorker(string name = "worker", params (string Name, string Value)[] platform) => new(Channel, name, platform);

    /// <summary>The address, for a second connection.</summary>
    public RpcAddress Address => RpcAddress.Parse(server.Address.ToString());

    /// <summary>The result that is cached for an action; null if none is.</summary>
    public Task<Reapi.ActionResult?> CachedAsync(Digest action) => Cache.GetAsync(action, TestContext.Current.CancellationToken);

    /// <summary>Stores some bytes in the CAS.</summary>
    public async Task<Digest> StoreBlobAsync(string content)
    {
        TestBlob blob = TestBlob.Of(System.Text.Encoding.UTF8.GetBytes(content));
        await Cas.WriteAllAsync(blob.Digest, blob.Content, TestContext.Current.CancellationToken);
        return blob.Digest;
    }

    /// <summary>Waits for what another thread is about to do.</summary>
    public static async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
            await Task.Delay(1, TestContext.Current.CancellationToken);
    }

    /// <summary>Runs a call that is to fail, and returns its status.</summary>
    public static async Task<RpcStatus> FailureOfAsync(Func<Task> call) => (await Assert.ThrowsAsync<RpcException>(call)).Status;

    public async ValueTask DisposeAsync()
    {
        await queue.DisposeAsync();
        await server.DisposeAsync();
    }
}
