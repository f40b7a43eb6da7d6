using System.Collections.Concurrent;
using System.Text;
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
    private static async Task<string> InvocationSeenAsync(Action<RpcMetadata> addHeaders)
    {
        string seen = "the handler was not called";
        await using ServerHost host = await StartAsync(call => seen = call.Get<CallMetadata>()?.ToolInvocationId ?? "none", NullLoggerFactory.Instance, NullLogger.Instance);

        await CheckAsync(host, addHeaders);
        return seen;
    }

    private static Task<ServerHost> StartAsync(Action<RpcCall> handle, ILoggerFactory loggers, ILogger logger)
    {
        RpcService service = new RpcService(HealthReflection.Descriptor, "Health").Unary<HealthCheckRequest, HealthCheckResponse>("Check", (_, call) =>
        {
            handle(call);
            return Task.FromResult(new HealthCheckResponse());
        });
        return ServerHost.StartAsync(
            new ServerHostOptions
            {
                Listeners = [new Listener(ListenerKind.Grpc, ListenAddress.Parse("127.0.0.1:0"), "--grpc")],
                Services = [service],
                Rpc = new RpcServerOptions { Interceptors = [new RequestMetadataInterceptor(logger, carriesOn: false).InvokeAsync] },
            },
            loggers, TimeProvider.System, TestContext.Current.CancellationToken);
    }

    private static async Task CheckAsync(ServerHost host, Action<RpcMetadata> addHeaders)
    {
        await using var channel = new RpcChannel(RpcAddress.Parse(host.Listeners[0].Address.ToString()));
        var headers = new RpcMetadata();
        addHeaders(headers);
        await channel.UnaryAsync<HealthCheckRequest, HealthCheckResponse>(
            "/grpc.health.v1.Health/Check", new HealthCheckRequest(), TestContext.Current.CancellationToken, new RpcCallOptions { Headers = headers });
    }

    [Fact]
    [Rule("RMD-01")]
    [Rule("RMD-02")]
    public async Task Handlers_find_who_calls_attached_to_the_call()
    {
        var metadata = new Reapi.RequestMetadata { ToolInvocationId = "invocation-7" };

        Assert.Equal("invocation-7", await InvocationSeenAsync(headers => headers.AddBinary(RequestMetadataHeader.Name, metadata.ToByteArray())));
    }

    [Fact]
    [Rule("RMD-01")]
    public async Task A_call_without_metadata_or_with_nonsense_is_served()
    {
        Assert.Equal("none", await InvocationSeenAsync(_ => { }));
        Assert.Equal("none", await InvocationSeenAsync(headers => headers.AddBinary(RequestMetadataHeader.Name, [0xff, 0xff])));
    }

    [Fact]
    public async Task The_line_about_a_call_that_failed_tells_the_invocation_and_the_target()
    {
        var metadata = new Reapi.RequestMetadata
        {
            ToolDetails = new Reapi.ToolDetails { ToolName = "bazel" },
            ToolInvocationId = "invocation-8",
            ActionId = "action-9",
            TargetId = "//some:target",
        };
        using var lines = new ScopedLines();
        using ILoggerFactory loggers = LoggerFactory.Create(builder => builder.SetMinimumLevel(LogLevel.Debug).AddFilter("Microsoft", LogLevel.None).AddProvider(lines));
        await using ServerHost host = await StartAsync(_ => throw new RpcException(StatusCode.NotFound, "not here"), loggers, loggers.CreateLogger("RemoteExec.Rpc"));

        await Assert.ThrowsAsync<RpcException>(() => CheckAsync(host, headers => headers.AddBinary(RequestMetadataHeader.Name, metadata.ToByteArray())));
        await Assert.ThrowsAsync<RpcException>(() => CheckAsync(host, _ => { }));

        Assert.Equal(2, lines.Lines.Count);
        Assert.StartsWith("/grpc.health.v1.Health/Check ended with NotFound: not here", lines.Lines.First(), StringComparison.Ordinal);
        Assert.EndsWith(" | bazel invocation-8 action-9 //some:target", lines.Lines.First(), StringComparison.Ordinal);
        Assert.DoesNotContain("invocation-8", lines.Lines.Last(), StringComparison.Ordinal);
    }

    /// <summary>What is logged at any level, each line followed by the scopes that it was logged in.</summary>
    private sealed class ScopedLines : ILoggerProvider, ILogger, ISupportExternalScope
    {
        private IExternalScopeProvider scopes = new LoggerExternalScopeProvider();

        public ConcurrentQueue<string> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public void SetScopeProvider(IExternalScopeProvider scopeProvider) => scopes = scopeProvider;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => scopes.Push(state);

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var line = new StringBuilder(formatter(state, exception));
            scopes.ForEachScope((scope, text) => text.Append(" | ").Append(scope), line);
            Lines.Enqueue(line.ToString());
        }

        public void Dispose()
        {
            // Nothing to close.
        }
    }
}
