using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace RemoteExec.Server.Tests.Fetching;

/// <summary>A server on this machine that answers what a test wants, by HTTPS with a certificate for <c>localhost</c> of an authority of its own, or by HTTP.</summary>
internal sealed class TestWebServer : IAsyncDisposable
{
    private readonly X509Certificate2 root = TestCertificates.IssueAuthority("web");
    private readonly X509Certificate2 leaf;
    private readonly WebApplication application;
    private readonly ConcurrentDictionary<string, int> counts = new();

    private TestWebServer(bool isPlain)
    {
        leaf = TestCertificates.Issue("localhost", root, TestCertificates.ForServers);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            if (!isPlain)
                listen.UseHttps(leaf);
        }));
        application = builder.Build();
        application.Run(async context =>
        {
            counts.AddOrUpdate(context.Request.Path, 1, (_, count) => count + 1);
            if (Pages.TryGetValue(context.Request.Path, out Func<HttpContext, Task>? page))
                await page(context);
            else
                context.Response.StatusCode = StatusCodes.Status404NotFound;
        });
    }

    /// <summary>What it answers, by path.</summary>
    public ConcurrentDictionary<string, Func<HttpContext, Task>> Pages { get; } = new();

    /// <summary>Where it is: <c>https://localhost:PORT</c>.</summary>
    public string Address => application.Urls.Single().Replace("127.0.0.1", "localhost", StringComparison.Ordinal);

    /// <summary>Who vouches for its certificate.</summary>
    public X509Certificate2 Root => root;

    public static async Task<TestWebServer> StartAsync(bool isPlain = false)
    {
        var server = new TestWebServer(isPlain);
        await server.application.StartAsync(TestContext.Current.CancellationToken);
        return server;
    }

    /// <summary>Has it answer text.</summary>
    public void Serve(string path, string text) => Pages[path] = context => context.Response.WriteAsync(text, context.RequestAborted);

    /// <summary>How often a path was asked for.</summary>
    public int CountOf(string path) => counts.GetValueOrDefault(path);

    public async ValueTask DisposeAsync()
    {
        await application.StopAsync(new CancellationToken(canceled: true));
        await application.DisposeAsync();
        leaf.Dispose();
        root.Dispose();
    }
}
