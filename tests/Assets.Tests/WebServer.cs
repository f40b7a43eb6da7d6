using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace RemoteExec.Assets.Tests;

/// <summary>A server of HTTP on this machine that answers what a test wants.</summary>
internal sealed class WebServer : IAsyncDisposable
{
    private readonly WebApplication application;

    private WebServer()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        application = builder.Build();
        application.Run(async context =>
        {
            Requests.Enqueue((context.Request.Path, new HeaderDictionary(context.Request.Headers.ToDictionary(StringComparer.OrdinalIgnoreCase))));
            if (Pages.TryGetValue(context.Request.Path, out Func<HttpContext, Task>? page))
                await page(context);
            else
                context.Response.StatusCode = StatusCodes.Status404NotFound;
        });
    }

    /// <summary>What it answers, by path.</summary>
    public ConcurrentDictionary<string, Func<HttpContext, Task>> Pages { get; } = new();

    /// <summary>What it was asked for.</summary>
    public ConcurrentQueue<(string Path, IHeaderDictionary Headers)> Requests { get; } = new();

    /// <summary>Where it is: <c>http://127.0.0.1:PORT</c>.</summary>
    public string Address => application.Urls.Single();

    public static async Task<WebServer> StartAsync()
    {
        var server = new WebServer();
        await server.application.StartAsync(TestContext.Current.CancellationToken);
        return server;
    }

    /// <summary>Has it answer bytes, and returns their URL.</summary>
    public string Serve(string path, byte[] content)
    {
        Pages[path] = async context => await context.Response.Body.WriteAsync(content, context.RequestAborted);
        return Address + path;
    }

    /// <summary>Has it answer bytes in parts as they are asked for, and break each connection after some of them.</summary>
    public string ServeInParts(string path, byte[] content, int most, Func<string> version, bool ignoresRanges = false)
    {
        Pages[path] = async context =>
        {
            HttpResponse response = context.Response;
            string tag = version();
            response.Headers.ETag = tag;
            int from = 0;
            if (!ignoresRanges && context.Request.Headers.Range is [{ } range] && context.Request.Headers.IfRange == tag)
            {
                from = int.Parse(range["bytes=".Length..^1], System.Globalization.CultureInfo.InvariantCulture);
                response.StatusCode = StatusCodes.Status206PartialContent;
                response.Headers.ContentRange = $"bytes {from}-{content.Length - 1}/{content.Length}";
            }

            response.ContentLength = content.Length - from;
            await response.Body.WriteAsync(content.AsMemory(from, Math.Min(most, content.Length - from)), context.RequestAborted);
            if (from + most >= content.Length)
                return;
            await response.Body.FlushAsync(context.RequestAborted);
            await Task.Delay(100, context.RequestAborted); // what was sent is to arrive before the connection is reset
            context.Abort();
        };
        return Address + path;
    }

    /// <summary>Has it send who asks elsewhere.</summary>
    public string Redirect(string path, string location)
    {
        Pages[path] = context =>
        {
            context.Response.Redirect(location);
            return Task.CompletedTask;
        };
        return Address + path;
    }

    /// <summary>How often a path was asked for.</summary>
    public int CountOf(string path) => Requests.Count(request => request.Path == path);

    public async ValueTask DisposeAsync()
    {
        await application.StopAsync(new CancellationToken(canceled: true));
        await application.DisposeAsync();
    }
}
