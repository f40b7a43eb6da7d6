using System.Text;
using Build.Bazel.Remote.LogStream.v1;
using Google.Bytestream;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.Rpc.Server;
using RemoteExec.Worker.Services;

namespace RemoteExec.Worker.Tests.Services;

/// <summary>Log streams over a real connection, as a writer knows them; a test says when calls fail.</summary>
internal sealed class FakeLogServer : IAsyncDisposable
{
    private readonly Dictionary<string, Stream> streams = [];
    private WebApplication application = null!;
    private RpcChannel channel = null!;

    /// <summary>The way of a worker to it.</summary>
    public LogStreamClient Client { get; private set; } = null!;

    /// <summary>The streams by the names for readers, as far as they were not forgotten.</summary>
    public IReadOnlyDictionary<string, Stream> Streams => streams;

    /// <summary>The methods that were called, in order.</summary>
    public List<string> Calls { get; } = [];

    /// <summary>Asked before a call is served; a code ends it.</summary>
    public Func<string, StatusCode?> FailsBefore { get; set; } = _ => null;

    /// <summary>Asked after a call was served; a code is all that its caller hears.</summary>
    public Func<string, StatusCode?> FailsAfter { get; set; } = _ => null;

    public static async Task<FakeLogServer> StartAsync()
    {
        var server = new FakeLogServer();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            KestrelHttp2.Configure(kestrel);
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
        });
        server.application = builder.Build();
        RpcService logs = new RpcService(RemoteLogstreamReflection.Descriptor, "LogStreamService")
            .Unary<CreateLogStreamRequest, LogStream>("CreateLogStream", (request, _) => server.ServeAsync("Create", () => server.Create(request)));
        RpcService bytes = new RpcService(BytestreamReflection.Descriptor, "ByteStream")
            .ClientStream<WriteRequest, WriteResponse>("Write", async (requests, _) =>
            {
                WriteRequest request = await requests.SingleAsync();
                return await server.ServeAsync("Write", () => server.Find(request.ResourceName).Append(request));
            })
            .Unary<QueryWriteStatusRequest, QueryWriteStatusResponse>("QueryWriteStatus", (request, _) => server.ServeAsync("Query", () => server.Find(request.ResourceName).Status));
        var endpoints = new RpcEndpoints([logs, bytes], new RpcServerOptions(), NullLogger.Instance, TimeProvider.System);
        server.application.Use((context, next) => RpcEndpoints.IsRpc(context) ? endpoints.InvokeAsync(context) : next(context));
        await server.application.StartAsync();
        server.channel = new RpcChannel(RpcAddress.Parse(server.application.Urls.First()));
        server.Client = new LogStreamClient(server.channel);
        return server;
    }

    /// <summary>Forgets all streams.</summary>
    public void Forget() => streams.Clear();

    public async ValueTask DisposeAsync()
    {
        await channel.DisposeAsync();
        await application.DisposeAsync();
    }

    private LogStream Create(CreateLogStreamRequest request)
    {
        string name = $"{request.Parent}/logstreams/{Calls.Count}";
        streams.Add(name, new Stream());
        return new LogStream { Name = name, WriteResourceName = name + "/secret" };
    }

    private Stream Find(string name) =>
        name.EndsWith("/secret", StringComparison.Ordinal) && streams.TryGetValue(name[..^"/secret".Length], out Stream? stream) ? stream : throw new RpcException(StatusCode.NotFound, "gone");

    private Task<T> ServeAsync<T>(string method, Func<T> serve)
    {
        lock (Calls)
        {
            Calls.Add(method);
            if (FailsBefore(method) is { } before)
                throw new RpcException(before, "as the test wants it");
            T answer = serve();
            return FailsAfter(method) is { } after ? throw new RpcException(after, "as the test wants it") : Task.FromResult(answer);
        }
    }

    internal sealed class Stream
    {
        private readonly StringBuilder text = new();

        public string Text => text.ToString();

        public bool IsFinished { get; private set; }

        public QueryWriteStatusResponse Status => new() { CommittedSize = text.Length, Complete = IsFinished };

        public WriteResponse Append(WriteRequest request)
        {
            if (IsFinished || request.WriteOffset != text.Length)
                throw new RpcException(StatusCode.InvalidArgument, $"{request.WriteOffset} is not {text.Length}");
            text.Append(request.Data.ToStringUtf8());
            IsFinished = request.FinishWrite;
            return new WriteResponse { CommittedSize = text.Length };
        }
    }
}
