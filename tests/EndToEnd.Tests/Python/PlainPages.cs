using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace RemoteExec.EndToEnd.Tests.Python;

/// <summary>Stands before an index, asks it for HTML whatever is asked for, and remembers what that was.</summary>
internal sealed class PlainPages : IAsyncDisposable
{
    private readonly WebApplication application;
    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false });

    private PlainPages(string index)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        application = builder.Build();
        application.Run(async context =>
        {
            string path = $"{context.Request.Path}"[1..];
            Paths.Add("/" + path);
            using HttpResponseMessage answer = await http.GetAsync(new Uri(index + Uri.EscapeDataString(path).Replace("%2F", "/", StringComparison.Ordinal)), context.RequestAborted);
            context.Response.StatusCode = (int)answer.StatusCode;
            context.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
            await context.Response.Body.WriteAsync(await answer.Content.ReadAsByteArrayAsync(context.RequestAborted), context.RequestAborted);
        });
    }

    /// <summary>Where it is, with a slash at the end.</summary>
    public string Address => application.Urls.Single() + "/";

    /// <summary>What was asked for.</summary>
    public ConcurrentBag<string> Paths { get; } = [];

    public static async Task<PlainPages> StartAsync(string index)
    {
        var pages = new PlainPages(index);
        await pages.application.StartAsync(TestContext.Current.CancellationToken);
        return pages;
    }

    public async ValueTask DisposeAsync()
    {
        await application.StopAsync(new CancellationToken(canceled: true));
        await application.DisposeAsync();
        http.Dispose();
    }
}
