using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas.Services;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Rpc.Client;
using RemoteExec.Rpc.Server;
using RemoteExec.TestKit;
using RemoteExec.Worker.Outputs;

namespace RemoteExec.Worker.Tests.Outputs;

/// <summary>Outputs whose CAS is elsewhere.</summary>
public sealed class RemoteUploadTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_thousand_small_outputs_take_far_fewer_calls()
    {
        var cas = new MemoryStore(1 << 24);
        int calls = 0;
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            KestrelHttp2.Configure(kestrel);
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
        });
        await using WebApplication server = builder.Build();
        var endpoints = new RpcEndpoints([new CasService(cas, null, new CasLimits()).ToRpcService()], new RpcServerOptions(), NullLogger.Instance, TimeProvider.System);
        server.Run(context =>
        {
            Interlocked.Increment(ref calls);
            return endpoints.InvokeAsync(context);
        });
        await server.StartAsync(Cancellation);
        await using var channel = new RpcChannel(RpcAddress.Parse(server.Urls.First()));
        var blobs = new OutputBlobs(new RemoteStore(channel, TimeSpan.Zero, TimeProvider.System, gathers: true), ActionFixture.Anchor);
        Digest[] digests = [.. Enumerable.Range(0, 1000).Select(i =>
        {
            byte[] content = TestBlob.Random(i, 100).Content;
            Digest digest = ActionFixture.Anchor.SiblingOf(content);
            blobs.Add(digest, content);
            return digest;
        })];

        await blobs.UploadAsync(Cancellation);

        Assert.Empty(await cas.FindMissingAsync(digests, Cancellation));
        TestContext.Current.SendDiagnosticMessage($"{calls} calls");
        Assert.InRange(calls, 9, 250); // it was one for each, and one to ask what is missing
    }
}
