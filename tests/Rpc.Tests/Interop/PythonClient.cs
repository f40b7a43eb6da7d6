using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Google.Bytestream;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Health.V1;
using Grpc.Reflection.V1;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using RemoteExec.Rpc.Server;
using RemoteExec.Rpc.Services;
using static Grpc.Health.V1.HealthCheckResponse.Types;

namespace RemoteExec.Rpc.Tests.Interop;

/// <summary>Runs Debian's python3-grpcio against our server once, and keeps what it says came of each call.</summary>
public sealed class PythonClient : IAsyncLifetime
{
    private const string Python = "/usr/bin/python3";
    private Dictionary<string, Outcome>? outcomes;

    /// <summary>What came of one call.</summary>
    public sealed record Outcome(string Code, JsonElement Value, string? Message, string? Details);

    /// <summary>The number of handlers whose token fired.</summary>
    public int Cancellations { get; private set; }

    /// <summary>What came of a call; skips the test where there is no client, but fails it under CI.</summary>
    public Outcome this[string call]
    {
        get
        {
            if (outcomes is null)
            {
                const string Reason = "Debian's python3-grpcio is not installed: apt-get install python3-grpcio";
                Assert.False(Environment.GetEnvironmentVariable("CI") == "true", Reason);
                Assert.Skip(Reason);
            }

            return outcomes[call];
        }
    }

    public async ValueTask InitializeAsync()
    {
        if (await RunAsync("-c", "import grpc") is null)
            return;
        string directory = Directory.CreateTempSubdirectory("rpc-").FullName;
        string root = Path.Combine(directory, "root.pem");
        string socket = Path.Combine(directory, "socket");
        using var certificate = TestCertificate.SelfSigned("localhost");
        await File.WriteAllTextAsync(root, certificate.ExportCertificatePem());
        var ports = new List<ListenOptions>();
        await using (await TestServer.StartAsync(
            [
                new RpcService(HealthReflection.Descriptor, "Health")
                    .Unary<HealthCheckRequest, HealthCheckResponse>("Check", CheckAsync)
                    .ServerStream<HealthCheckRequest, HealthCheckResponse>("Watch", WatchAsync),
                new RpcService(BytestreamReflection.Descriptor, "ByteStream").ClientStream<WriteRequest, WriteResponse>("Write", WriteAsync),
                new RpcService(ReflectionReflection.Descriptor, "ServerReflection")
                    .DuplexStream<ServerReflectionRequest, ServerReflectionResponse>("ServerReflectionInfo", EchoAsync),
                new ReflectionService([HealthReflection.Descriptor.Services[0]]).ToRpcServices()[1],
            ],
            new RpcServerOptions(),
            kestrel =>
            {
                kestrel.Listen(IPAddress.Loopback, 0, Plain);
                kestrel.Listen(IPAddress.Loopback, 0, listen =>
                {
                    Plain(listen);
                    listen.UseHttps(certificate);
                });
                kestrel.ListenUnixSocket(socket, listen => listen.Protocols = HttpProtocols.Http2);
            }))
        {
            string[] arguments = [.. ports.Select(listen => ((IPEndPoint)listen.EndPoint).Port.ToString())];
            string? output = await RunAsync(Path.Combine(AppContext.BaseDirectory, "Interop", "client.py"), arguments[0], socket, arguments[1], root);
            outcomes = JsonSerializer.Deserialize<Dictionary<string, Outcome>>(output ?? "{}", JsonSerializerOptions.Web)!;
        }

        Directory.Delete(directory, recursive: true);

        void Plain(ListenOptions listen)
        {
            listen.Protocols = HttpProtocols.Http2;
            ports.Add(listen);
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static async Task<string?> RunAsync(params string[] arguments)
    {
        if (!File.Exists(Python))
            return null;
        using var process = Process.Start(new ProcessStartInfo(Python, arguments) { RedirectStandardOutput = true })!;
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? output : null;
    }

    private async Task<HealthCheckResponse> CheckAsync(HealthCheckRequest request, RpcCall call)
    {
        switch (request.Service)
        {
            case "failure":
                throw new RpcException(StatusCode.FailedPrecondition, "häh: 100% – 漢字", Missing(1));
            case "many details":
                throw new RpcException(StatusCode.FailedPrecondition, new string('ä', 5000), [.. Enumerable.Range(0, 100).Select(Missing)]);
            case "metadata":
                call.ResponseTrailers.AddBinary("x-echo-bin", call.GetBinaryRequestHeader("x-meta-bin"));
                break;
            case "stuck":
                await HangAsync(call);
                break;
        }

        return new HealthCheckResponse { Status = ServingStatus.Serving };
    }

    private async Task WatchAsync(HealthCheckRequest request, RpcResponseStream<HealthCheckResponse> responses, RpcCall call)
    {
        await responses.WriteAsync(new HealthCheckResponse { Status = ServingStatus.Serving });
        if (request.Service == "for ever")
            await HangAsync(call);
        if (request.Service == "fails")
            throw new RpcException(StatusCode.DataLoss, "lost");
        await responses.WriteAsync(new HealthCheckResponse());
        await responses.WriteAsync(new HealthCheckResponse { Status = ServingStatus.NotServing });
    }

    private async Task<WriteResponse> WriteAsync(IAsyncEnumerable<WriteRequest> requests, RpcCall call)
    {
        long size = 0;
        await foreach (WriteRequest request in requests)
        {
            size += request.Data.Length;
            if (call.GetRequestHeader("x-early") == "fail")
                throw new RpcException(StatusCode.ResourceExhausted, "no quota");
            if (call.GetRequestHeader("x-early") is not null)
                break;
        }

        return new WriteResponse { CommittedSize = size };
    }

    private static async Task EchoAsync(
        IAsyncEnumerable<ServerReflectionRequest> requests, RpcResponseStream<ServerReflectionResponse> responses, RpcCall call)
    {
        await foreach (ServerReflectionRequest request in requests)
            await responses.WriteAsync(new ServerReflectionResponse { ValidHost = request.Host });
    }

    private async Task HangAsync(RpcCall call)
    {
        try
        {
            await Task.Delay(Timeout.Infinite, call.CancellationToken);
        }
        catch (OperationCanceledException)
        {
            lock (this)
                Cancellations++;
            throw;
        }
    }

    private static Any Missing(int index) => Any.Pack(new PreconditionFailure
    {
        Violations = { new PreconditionFailure.Types.Violation { Type = "MISSING", Subject = $"blobs/{new string('a', 64)}/{index}" } },
    });
}
