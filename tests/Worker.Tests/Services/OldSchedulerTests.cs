using System.Threading.Channels;
using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Rpc.Client;
using RemoteExec.Rpc.Server;
using RemoteExec.TestKit;
using RemoteExec.TestKit.Versions.V1_0;
using State = RemoteExec.TestKit.Versions.V1_0.SynchronizeRequest.StateOneofCase;

namespace RemoteExec.Worker.Tests.Services;

/// <summary>This worker at a server of version 1.0: it gets on without what came later.</summary>
public sealed class OldSchedulerTests : IAsyncLifetime
{
    private readonly Channel<(SynchronizeRequest Post, TaskCompletionSource<SynchronizeResponse> Answer)> posts =
        Channel.CreateUnbounded<(SynchronizeRequest, TaskCompletionSource<SynchronizeResponse>)>();

    private readonly RecordingLogger log = new();
    private readonly TempDirectory temp = new();
    private WebApplication server = null!;

    public async ValueTask InitializeAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            KestrelHttp2.Configure(kestrel);
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
        });
        server = builder.Build();
        RpcService service = new RpcService(Worker10Reflection.Descriptor, "WorkerQueue").Unary<SynchronizeRequest, SynchronizeResponse>("Synchronize", async (post, call) =>
        {
            var answer = new TaskCompletionSource<SynchronizeResponse>(TaskCreationOptions.RunContinuationsAsynchronously);
            await using CancellationTokenRegistration gone = call.CancellationToken.Register(() => answer.TrySetCanceled());
            posts.Writer.TryWrite((post, answer));
            return await answer.Task;
        });
        var endpoints = new RpcEndpoints([service], new RpcServerOptions(), NullLogger.Instance, TimeProvider.System);
        server.Use((context, next) => RpcEndpoints.IsRpc(context) ? endpoints.InvokeAsync(context) : next(context));
        await server.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        temp.Dispose();
    }

    private async Task<(SynchronizeRequest Post, TaskCompletionSource<SynchronizeResponse> Answer)> NextAsync(State state)
    {
        while (true)
        {
            var next = await posts.Reader.ReadAsync(TestContext.Current.CancellationToken);
            if (next.Post.StateCase == state)
                return next;
        }
    }

    private static SynchronizeResponse Idle() => new() { Idle = new(), LeaseDuration = Duration.FromTimeSpan(TimeSpan.FromSeconds(60)) };

    [Fact]
    public async Task It_runs_an_action_to_its_end_and_waits_for_the_next()
    {
        await using ActionFixture client = await ActionFixture.MakeAsync();
        await using var channel = new RpcChannel(RpcAddress.Parse(server.Urls.First()));
        using var stop = new CancellationTokenSource();
        var options = new WorkerOptions { Name = "new", Slots = 1, ScratchDirectory = Path.Combine(temp.Path, "s") };
        Task loop = new WorkerLoop(options, client.Cas, channel, log, TimeProvider.System).RunAsync(stop.Token);
        var command = new Reapi.Command { Arguments = { "/bin/sh", "-c", "echo real > o; sleep 0.5" }, OutputPaths = { "o" } };
        var action = new Reapi.Action { CommandDigest = (await client.StoreAsync(command)).ToProto(), InputRootDigest = ActionFixture.Anchor.ToProto() };
        SynchronizeResponse execute = Idle();
        execute.Execute = new()
        {
            LeaseId = "lease-1",
            InstanceName = "some/instance",
            DigestFunction = Reapi.DigestFunction.Types.Value.Sha256,
            ActionDigest = ActionFixture.Anchor.ToProto(),
            Action = action,
            Timeout = Duration.FromTimeSpan(TimeSpan.FromMinutes(1)),
        };

        var idle = await NextAsync(State.Idle);
        idle.Answer.SetResult(execute);
        var executing = await NextAsync(State.Executing);
        var completed = await NextAsync(State.Completed);
        completed.Answer.SetResult(Idle());
        await NextAsync(State.Idle);
        await stop.CancelAsync();
        (await NextAsync(State.Leaving)).Answer.SetResult(Idle());
        await loop;

        Assert.Equal("new", idle.Post.WorkerName);
        Assert.Equal("lease-1", executing.Post.Executing.LeaseId);
        Assert.Equal("lease-1", completed.Post.Completed.LeaseId);
        Assert.Equal("real\n", await client.ReadAsync(completed.Post.Completed.Response.Result.OutputFiles[0].Digest));
        Assert.DoesNotContain(log.Entries, entry => entry.Level >= LogLevel.Error);
    }
}
