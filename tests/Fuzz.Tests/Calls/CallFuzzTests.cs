using System.Globalization;
using Build.Bazel.Remote.Asset.v1;
using Build.Bazel.Remote.Execution.V2;
using Build.Bazel.Remote.LogStream.v1;
using Google.Bytestream;
using Google.Devtools.Build.V1;
using Google.LongRunning;
using Google.Protobuf.Reflection;
using Grpc.Health.V1;
using Microsoft.Extensions.Logging;
using RemoteExec.Protocol.Operators;
using RemoteExec.Protocol.References;
using RemoteExec.Protocol.Workers;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.Rpc.Framing;
using RemoteExec.Server.Configuration;
using RemoteExec.Server.Hosting;
using RemoteExec.TestKit;

namespace RemoteExec.Fuzz.Tests.Calls;

/// <summary>
/// Every RPC of a whole server, over a real socket, with requests that know what is asked for and ask for it wrongly. However a call ends, it ends with a status that says what was wrong, and
/// leaves nothing behind: no error in the log, no call under way, no memory. <c>REMOTEEXEC_FUZZ</c> says how many cases there are, as for the parsers; <c>REMOTEEXEC_FUZZ_MINUTES</c> how long to go on instead.
/// </summary>
public sealed class CallFuzzTests : IAsyncLifetime
{
    private const int UsualCases = 1500;
    private const int Together = 8;
    private static readonly TimeSpan patience = TimeSpan.FromMinutes(2);

    private static readonly (FileDescriptor File, ListenerKind At)[] files =
    [
        (RemoteExecutionReflection.Descriptor, ListenerKind.Grpc), (BytestreamReflection.Descriptor, ListenerKind.Grpc), (OperationsReflection.Descriptor, ListenerKind.Grpc),
        (OperatorReflection.Descriptor, ListenerKind.Grpc), (HealthReflection.Descriptor, ListenerKind.Grpc), (PublishBuildEventReflection.Descriptor, ListenerKind.Grpc),
        (RemoteAssetReflection.Descriptor, ListenerKind.Grpc), (ReferencesReflection.Descriptor, ListenerKind.Grpc),
        (Grpc.Reflection.V1.ReflectionReflection.Descriptor, ListenerKind.Grpc), (WorkerReflection.Descriptor, ListenerKind.Workers),
        (RemoteLogstreamReflection.Descriptor, ListenerKind.Workers), (BytestreamReflection.Descriptor, ListenerKind.Workers),
    ];

    private readonly TemporaryDirectory data = new();
    private readonly RecordingLogger log = new();
    private readonly Vocabulary words = new();
    private RunningServer server = null!;
    private RpcChannel clients = null!;
    private RpcChannel workers = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static int Cases => int.TryParse(Environment.GetEnvironmentVariable("REMOTEEXEC_FUZZ"), NumberStyles.None, CultureInfo.InvariantCulture, out int cases) ? cases / 50 : UsualCases;

    private static double Minutes =>
        double.TryParse(Environment.GetEnvironmentVariable("REMOTEEXEC_FUZZ_MINUTES"), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double minutes) ? minutes : 0;

    public async ValueTask InitializeAsync()
    {
        ServerOptions options = new ConfigLoader().AddText(
            "test",
            $$"""
            data: {{data.FullPath}}
            maxSize: 256MiB
            listeners: { grpc: 127.0.0.1:0, http: 127.0.0.1:0, workers: 127.0.0.1:0 }
            limits: { stallTime: 20s }
            worker: { slots: 0 }
            """).Load();
        using var loggers = LoggerFactory.Create(builder => builder.SetMinimumLevel(LogLevel.Warning).AddProvider(log));
        server = await RunningServer.StartAsync(options, loggers, TimeProvider.System, Token);
        clients = Connect(ListenerKind.Grpc);
        workers = Connect(ListenerKind.Workers);
        foreach (TestBlob[] some in words.Blobs.Chunk(100))
        {
            var request = new BatchUpdateBlobsRequest();
            request.Requests.AddRange(some.Select(blob => new BatchUpdateBlobsRequest.Types.Request { Digest = blob.Digest.ToProto(), Data = Google.Protobuf.ByteString.CopyFrom(blob.Content) }));
            BatchUpdateBlobsResponse response = await clients.UnaryAsync<BatchUpdateBlobsRequest, BatchUpdateBlobsResponse>(
                "/build.bazel.remote.execution.v2.ContentAddressableStorage/BatchUpdateBlobs", request, Token);
            Assert.All(response.Responses, stored => Assert.Equal(0, stored.Status.Code));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await clients.DisposeAsync();
        await workers.DisposeAsync();
        await server.DisposeAsync();
        data.Dispose();
    }

    [Fact]
    public async Task What_was_found_once_is_not_found_again()
    {
        string folder = Repository.Path("tests", "Fuzz.Tests", "corpus", "calls");
        foreach (string file in System.IO.Directory.Exists(folder) ? System.IO.Directory.GetFiles(folder) : [])
        {
            var one = CallCase.Read(await File.ReadAllBytesAsync(file, Token));
            await TryAsync(one, isWorker: false, Path.GetFileName(file));
            await TryAsync(one, isWorker: true, Path.GetFileName(file));
        }

        await AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task Any_request_ends_with_a_status_that_says_what_was_wrong()
    {
        (MethodDescriptor Method, ListenerKind At)[] methods =
            [.. files.SelectMany(file => file.File.Services).Distinct().SelectMany(service => service.Methods).SelectMany(method => files.Where(file => file.File == method.File).Select(file => (method, file.At)))];
        Chance chance = Chance.Create();
        long end = TimeProvider.System.GetTimestamp() + (long)(Minutes * 60 * TimeProvider.System.TimestampFrequency);
        int next = 0;
        await Task.WhenAll(Enumerable.Range(0, Together).Select(_ => Task.Run(async () =>
        {
            while (Minutes > 0 ? TimeProvider.System.GetTimestamp() < end : Volatile.Read(ref next) < Cases)
            {
                int number = Interlocked.Increment(ref next);
                Random random = chance.ForCase(number).Random;
                (MethodDescriptor method, ListenerKind at) = methods[random.Next(methods.Length)];
                var maker = new MessageMaker(random, words);
                int count = method.IsClientStreaming ? random.Next(1, 5) : random.Next(20) == 0 ? random.Next(3) : 1;
                var one = new CallCase($"/{method.Service.FullName}/{method.Name}", [.. Enumerable.Range(0, count).Select(_ => maker.Next(method.InputType))]);
                await TryAsync(one, at == ListenerKind.Workers, chance.ForCase(number).ToString());
            }
        })));
        await AssertNothingIsLeftAsync();
        TestContext.Current.SendDiagnosticMessage($"{next} calls of {methods.Length} methods");
        if (Minutes > 0)
            await File.WriteAllTextAsync(Path.Combine(System.IO.Directory.CreateDirectory(Repository.Path("artifacts", "fuzz")).FullName, "calls.txt"), $"{next} calls of {methods.Length} methods in {Minutes} minutes\n", Token);
    }

    private RpcChannel Connect(ListenerKind kind) => new(RpcAddress.Parse("grpc://" + server.Listeners.First(listener => listener.Kind == kind).Address));

    private async Task TryAsync(CallCase one, bool isWorker, string story)
    {
        RpcStatus status = await SendAsync(isWorker ? workers : clients, one);
        if (!IsFault(status) && !log.Entries.Any(entry => entry.Level >= LogLevel.Error))
            return;
        string folder = System.IO.Directory.CreateDirectory(Repository.Path("artifacts", "fuzz", "calls")).FullName;
        byte[] file = one.ToFile();
        string path = Path.Combine(folder, Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(file))[..16]);
        await File.WriteAllBytesAsync(path, file, Token);
        string errors = string.Join('\n', log.Entries.Where(entry => entry.Level >= LogLevel.Error).Select(entry => $"{entry.Text}: {entry.Exception}"));
        Assert.Fail($"{story}, {one.Path}: {status.Code}: {status.Message}; kept in {path}\n{errors}");
    }

    // What gRPC itself says of streams that have too few messages, or too many, is INTERNAL by its own rules.
    private static bool IsFault(RpcStatus status) =>
        status.Code is StatusCode.Unknown or StatusCode.DataLoss || (status.Code == StatusCode.Internal && !status.Message.StartsWith("the stream ", StringComparison.Ordinal));

    private static async Task<RpcStatus> SendAsync(RpcChannel channel, CallCase one)
    {
        try
        {
            await using RpcClientCall call = channel.Open(one.Path, new RpcCallOptions { Timeout = TimeSpan.FromSeconds(1) }, Token);
            bool isOpen = true;
            foreach (byte[] message in one.Messages.TakeWhile(_ => isOpen))
            {
                MessageWriter requests = await call.GetRequestsAsync();
                requests.Start(message.Length);
                System.Buffers.BuffersExtensions.Write(requests, message);
                isOpen = await call.FlushAsync();
            }

            if (isOpen)
                await call.CompleteRequestsAsync();
            while (await call.MoveNextAsync())
            {
            }

            return RpcStatus.Ok;
        }
        catch (RpcException exception)
        {
            return exception.Status;
        }
        catch (OperationCanceledException) when (!Token.IsCancellationRequested)
        {
            return new RpcStatus(StatusCode.DeadlineExceeded, "the client's own");
        }
    }

    private async Task AssertNothingIsLeftAsync()
    {
        HealthCheckResponse health = await clients.UnaryAsync<HealthCheckRequest, HealthCheckResponse>("/grpc.health.v1.Health/Check", new(), Token);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, health.Status);
        using var waiting = new CancellationTokenSource(patience);
        while (server.Memory.Used > 4 << 20)
        {
            Assert.False(waiting.IsCancellationRequested, $"{server.Memory.Used} bytes are still held");
            await Task.Delay(50, Token);
        }
    }
}
