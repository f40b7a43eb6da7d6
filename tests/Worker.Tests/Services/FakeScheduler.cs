using System.Collections.Concurrent;
using System.Threading.Channels;
using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Protocol.Workers;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.Rpc.Server;

namespace RemoteExec.Worker.Tests.Services;

/// <summary>The worker queue's side of the protocol over a real connection; a test receives each post and says how it is answered.</summary>
internal sealed class FakeScheduler : IAsyncDisposable
{
    private readonly Channel<Post> posts = System.Threading.Channels.Channel.CreateUnbounded<Post>();
    private readonly ConcurrentQueue<Post> all = [];
    private volatile bool isOver;
    private WebApplication? application;
    private int port;

    public TimeSpan LeaseDuration { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>What every answer says of the worker's being in service.</summary>
    public bool Draining { get; set; }

    /// <summary>The test is over: every post that is held, and every further one, is answered with idle.</summary>
    public void End()
    {
        isOver = true;
        foreach (Post post in all)
            post.AnswerIdle();
    }

    public RpcChannel Channel { get; private set; } = null!;

    public static async Task<FakeScheduler> StartAsync()
    {
        var scheduler = new FakeScheduler();
        await scheduler.ListenAsync();
        scheduler.Channel = new RpcChannel(RpcAddress.Parse($"127.0.0.1:{scheduler.port}"));
        return scheduler;
    }

    public async Task ListenAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            KestrelHttp2.Configure(kestrel);
            kestrel.Listen(System.Net.IPAddress.Loopback, port, listen => listen.Protocols = HttpProtocols.Http2);
        });
        application = builder.Build();
        RpcService service = new RpcService(WorkerReflection.Descriptor, "WorkerQueue").Unary<SynchronizeRequest, SynchronizeResponse>("Synchronize", ReceiveAsync);
        var endpoints = new RpcEndpoints([service], new RpcServerOptions(), NullLogger.Instance, TimeProvider.System);
        application.Use((context, next) => RpcEndpoints.IsRpc(context) ? endpoints.InvokeAsync(context) : next(context));
        await application.StartAsync();
        port = new Uri(application.Urls.First()).Port;
    }

    /// <summary>Breaks all connections and listens no more.</summary>
    public async Task StopAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await application!.StopAsync(now.Token);
        await application.DisposeAsync();
    }

    /// <summary>The next post of this kind; posts that the worker has given up meanwhile, and those of other kinds, are passed over.</summary>
    public async Task<Post> NextAsync(SynchronizeRequest.StateOneofCase state)
    {
        while (true)
        {
            Post post = await posts.Reader.ReadAsync(TestContext.Current.CancellationToken);
            if (post.Request.StateCase == state && !post.GivenUp)
                return post;
        }
    }

    /// <summary>The next post, whatever it is.</summary>
    public ValueTask<Post> NextAsync() => posts.Reader.ReadAsync(TestContext.Current.CancellationToken);

    public bool HasPost => posts.Reader.TryPeek(out _);

    public async ValueTask DisposeAsync()
    {
        await Channel.DisposeAsync();
        await StopAsync();
    }

    private async Task<SynchronizeResponse> ReceiveAsync(SynchronizeRequest request, RpcCall call)
    {
        var post = new Post(request, LeaseDuration, Draining);
        await using CancellationTokenRegistration registration = call.CancellationToken.Register(post.GiveUp);
        all.Enqueue(post);
        if (isOver)
            post.AnswerIdle();
        posts.Writer.TryWrite(post);
        return await post.Answer;
    }

    /// <summary>A post that is held until the test answers it.</summary>
    internal sealed class Post(SynchronizeRequest request, TimeSpan leaseDuration, bool draining)
    {
        private readonly TaskCompletionSource<SynchronizeResponse> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public SynchronizeRequest Request { get; } = request;

        public Task<SynchronizeResponse> Answer => answer.Task;

        public bool GivenUp => answer.Task.IsCanceled;

        public void GiveUp() => answer.TrySetCanceled();

        public void AnswerIdle() => answer.TrySetResult(Make(response => response.Idle = new SynchronizeResponse.Types.Idle()));

        public void AnswerExecute(string lease, Action<SynchronizeResponse.Types.Execute>? change = null, params IEnumerable<SynchronizeResponse.Types.Upcoming> upcoming) => answer.TrySetResult(Make(response =>
        {
            response.Upcoming.AddRange(upcoming);
            response.Execute = new SynchronizeResponse.Types.Execute
            {
                LeaseId = lease,
                DigestFunction = Reapi.DigestFunction.Types.Value.Sha256,
                ActionDigest = ActionFixture.Anchor.ToProto(),
                Action = new Reapi.Action(),
                Timeout = Duration.FromTimeSpan(TimeSpan.FromMinutes(1)),
                QueuedTimestamp = new Timestamp { Seconds = 5 },
            };
            change?.Invoke(response.Execute);
        }));

        public void Fail(StatusCode code) => answer.TrySetException(new RpcException(code, "as the test wants it"));

        private SynchronizeResponse Make(Action<SynchronizeResponse> change)
        {
            var response = new SynchronizeResponse { LeaseDuration = Duration.FromTimeSpan(leaseDuration), Draining = draining };
            change(response);
            return response;
        }
    }
}
