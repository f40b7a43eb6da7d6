using System.Text.Json;
using Google.LongRunning;
using Google.Protobuf;
using RemoteExec.Cas;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Workers;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Cli;
using RemoteExec.Server.Hosting;
using Digest = RemoteExec.Protocol.Digest;

namespace RemoteExec.Server.Tests.Operators;

/// <summary>A whole server in this process, with clients that wait for actions, workers that post what a test tells, and operators on the command line and over HTTP.</summary>
internal sealed class SteeredServer : IAsyncDisposable
{
    private readonly TemporaryDirectory data = new();
    private readonly HttpClient http = new();
    private readonly List<RpcClientCall> calls = [];
    private readonly CancellationTokenSource leaving = new();
    private readonly List<Task> workers = [];
    private RpcChannel workerChannel = null!;

    private SteeredServer()
    {
    }

    public RunningServer Server { get; private set; } = null!;

    public RpcChannel Channel { get; private set; } = null!;

    public string GrpcAddress => AddressOf(ListenerKind.Grpc);

    public string HttpAddress => AddressOf(ListenerKind.Http);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<SteeredServer> StartAsync(params IEnumerable<string> settings)
    {
        var steered = new SteeredServer();
        steered.Server = await TestServers.StartAsync(steered.data, [$"listeners.workers=unix:{steered.data["w.sock"]}", .. settings]);
        steered.Channel = new RpcChannel(RpcAddress.Parse(steered.GrpcAddress));
        steered.workerChannel = TestServers.Connect(steered.Server, ListenerKind.Workers);
        return steered;
    }

    /// <summary>A file in the server's directory.</summary>
    public string Write(string name, string content)
    {
        File.WriteAllText(data[name], content);
        return data[name];
    }

    /// <summary>Calls Execute for an action of its own, and returns the operation's name; the client waits on.</summary>
    public async Task<string> ExecuteAsync(string salt, string invocation = "", params (string Name, string Value)[] platform)
    {
        var command = new Reapi.Command { Arguments = { "true" } };
        var action = new Reapi.Action
        {
            CommandDigest = (await StoreAsync(command)).ToProto(),
            InputRootDigest = (await StoreAsync(new Reapi.Directory())).ToProto(),
            Salt = ByteString.CopyFromUtf8(salt),
            Platform = PlatformOf(platform),
        };
        var metadata = new RpcMetadata();
        metadata.AddBinary(RequestMetadataHeader.Name, new Reapi.RequestMetadata { ToolInvocationId = invocation, TargetId = $"//:{salt}", ActionMnemonic = "Genrule" }.ToByteArray());
        RpcClientCall call = Channel.Send(
            "/build.bazel.remote.execution.v2.Execution/Execute", new Reapi.ExecuteRequest { ActionDigest = (await StoreAsync(action)).ToProto() }, new RpcCallOptions { Headers = metadata }, Token);
        calls.Add(call);
        Operation? operation;
        do
            operation = await call.ReadAsync<Operation>() ?? throw new InvalidOperationException("the call ended before the action was queued");
        while (operation.Metadata.Unpack<Reapi.ExecuteOperationMetadata>().Stage < Reapi.ExecutionStage.Types.Value.Queued);
        return operation.Name;
    }

    /// <summary>Connects a worker with one slot, and waits until it is known; what it is given it says it runs for ever.</summary>
    public async Task ConnectWorkerAsync(string name, params (string Name, string Value)[] platform)
    {
        workers.Add(WorkAsync(name, PlatformOf(platform)));
        while (!(await JsonAsync("workers")).GetProperty("workers").EnumerateArray().Any(worker => worker.GetProperty("name").GetString() == name))
            await Task.Delay(1, Token);
    }

    /// <summary>Runs a command line against this server.</summary>
    public async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int code = await CommandLine.RunAsync([.. arguments, "--server", GrpcAddress], new Terminal(output, error, colourOutput: false, colourError: false));
        return (code, output.ToString(), error.ToString());
    }

    /// <summary>Asks the HTTP API, and returns the answer.</summary>
    public async Task<JsonElement> JsonAsync(string path) => JsonDocument.Parse(await http.GetStringAsync(new Uri($"http://{HttpAddress}/api/v1/{path}"), Token)).RootElement;

    /// <summary>Sends a request to the HTTP API, and returns the status and what the answer says.</summary>
    public async Task<(int Status, string Body)> SendAsync(HttpRequestMessage request)
    {
        using HttpResponseMessage response = await http.SendAsync(request, Token);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(Token));
    }

    public async ValueTask DisposeAsync()
    {
        await leaving.CancelAsync();
        await Task.WhenAll(workers);
        foreach (RpcClientCall call in calls)
            await call.DisposeAsync();
        await workerChannel.DisposeAsync();
        await Channel.DisposeAsync();
        await Server.DisposeAsync();
        http.Dispose();
        leaving.Dispose();
        data.Dispose();
    }

    private string AddressOf(ListenerKind kind) => $"127.0.0.1:{Server.Listeners.First(listener => listener.Kind == kind).Address.EndPoint!.Port}";

    private static Reapi.Platform PlatformOf((string Name, string Value)[] properties)
    {
        var platform = new Reapi.Platform();
        foreach ((string name, string value) in properties)
            platform.Properties.Add(new Reapi.Platform.Types.Property { Name = name, Value = value });
        return platform;
    }

    private async Task<Digest> StoreAsync(IMessage message)
    {
        TestBlob blob = TestBlob.Of(message.ToByteArray());
        await new RemoteStore(Channel, TimeSpan.FromSeconds(10), TimeProvider.System).WriteAllAsync(blob.Digest, blob.Content, Token);
        return blob.Digest;
    }

    private async Task WorkAsync(string name, Reapi.Platform platform)
    {
        string? lease = null;
        try
        {
            while (true)
            {
                SynchronizeResponse answer = await PostAsync(name, platform, lease, leaving.Token);
                lease = answer.Execute?.LeaseId;
            }
        }
        catch (OperationCanceledException) when (leaving.IsCancellationRequested)
        {
            var goodbye = new SynchronizeRequest { SlotId = name, WorkerName = name, Platform = platform, Leaving = new SynchronizeRequest.Types.Leaving() };
            await workerChannel.UnaryAsync<SynchronizeRequest, SynchronizeResponse>("/remoteexec.worker.v1.WorkerQueue/Synchronize", goodbye, CancellationToken.None);
        }
    }

    private Task<SynchronizeResponse> PostAsync(string name, Reapi.Platform platform, string? lease, CancellationToken cancellationToken)
    {
        var post = new SynchronizeRequest { SlotId = name, WorkerName = name, Platform = platform };
        if (lease is null)
            post.Idle = new SynchronizeRequest.Types.Idle();
        else
            post.Executing = new SynchronizeRequest.Types.Executing { LeaseId = lease };
        return workerChannel.UnaryAsync<SynchronizeRequest, SynchronizeResponse>("/remoteexec.worker.v1.WorkerQueue/Synchronize", post, cancellationToken);
    }
}
