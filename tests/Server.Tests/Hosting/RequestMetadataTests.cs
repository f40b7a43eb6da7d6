using Google.Protobuf;
using Grpc.Health.V1;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.Rpc.Server;
using RemoteExec.Server.Hosting;
using RemoteExec.TestKit;

namespace RemoteExec.Server.Tests.Hosting;

public sealed class RequestMetadataTests
{
    private static async Task<string> InvocationSeenAsync(Action<RpcMetadata> addHeaders, ILogger logger)
    {
        string seen = "the handler was not called";
        RpcService service = new RpcService(HealthReflection.Descriptor, "Health").Unary<HealthCheckRequest, HealthCheckResponse>("Check", (_, call) =>
        {
            seen = call.Get<Reapi.RequestMetadata>()?.ToolInvocationId ?? "none";
            return Task.FromResult(new HealthCheckResponse());
        });
        await using ServerHost host = await ServerHost.StartAsync(
            new ServerHostOptions
            {
                Listeners = [new Listener(ListenerKind.Grpc, ListenAddress.Parse("127.0.0.1:0"), "--grpc")],
                Services = [service],
                Rpc = new RpcServerOptions { Interceptors = [new RequestMetadataInterceptor(logger).InvokeAsync] },
            },
            NullLoggerFactory.Instance, TimeProvider.System, TestContext.Current.CancellationToken);
        await using var channel = new RpcChannel(RpcAddress.Parse(host.Listeners[0].Address.ToString()));
        var headers = new RpcMetadata();
        addHeaders(headers);

        await channel.UnaryAsync<HealthCheckRequest, HealthCheckResponse>(
            "/grpc.health.v1.Health/Check", new HealthCheckRequest(), TestContext.Current.CancellationToken, new RpcCallOptions { Headers = headers });
        return seen;
    }

    [Fact]
    [Rule("RMD-01")]
    [Rule("RMD-02")]
    public async Task Handlers_find_who_calls_attached_to_the_call()
    {
        var metadata = new Reapi.RequestMetadata { ToolInvocationId = "invocation-7" };

        Assert.Equal("invocation-7", await InvocationSeenAsync(headers => headers.AddBinary(RequestMetadataHeader.Name, metadata.ToByteArray()), NullLogger.Instance));
    }

    [Fact]
    [Rule("RMD-01")]
    public async Task A_call_without_metadata_or_with_nonsense_is_served()
    {
        Assert.Equal("none", await InvocationSeenAsync(_ => { }, NullLogger.Instance));
        Assert.Equal("none", await InvocationSeenAsync(headers => headers.AddBinary(RequestMetadataHeader.Name, [0xff, 0xff]), NullLogger.Instance));
    }

    [Fact]
    public async Task What_is_logged_on_the_way_tells_the_invocation()
    {
        var metadata = new Reapi.RequestMetadata { ToolInvocationId = "invocation-8", ToolDetails = new Reapi.ToolDetails { ToolName = "bazel" } };
        var logger = new ScopeRecorder();

        await InvocationSeenAsync(headers => headers.AddBinary(RequestMetadataHeader.Name, metadata.ToByteArray()), logger);

        Assert.Contains("bazel invocation-8", Assert.Single(logger.Scopes), StringComparison.Ordinal);
    }

    private sealed class ScopeRecorder : ILogger
    {
        public List<string> Scopes { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
        {
            Scopes.Add(state.ToString()!);
            return null;
        }

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            // Only scopes are of interest here.
        }
    }
}
