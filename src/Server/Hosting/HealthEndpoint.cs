using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using RemoteExec.Rpc.Services;

namespace RemoteExec.Server.Hosting;

/// <summary>Whether the server is well, for who looks over HTTP, at <c>/healthz</c>: 200 as long as it serves, 503 once it stops. It tells nothing else, and everybody may ask.</summary>
/// <param name="health">Knows.</param>
internal sealed class HealthEndpoint(HealthService health)
{
    /// <summary>Where it is.</summary>
    public const string Path = "/healthz";

    /// <summary>Serves this path in the pipeline, and no other.</summary>
    public void Map(IApplicationBuilder application) =>
        application.Use((context, next) => context.Request.Path.Equals(Path, StringComparison.Ordinal) ? ServeAsync(context) : next(context));

    private Task ServeAsync(HttpContext context)
    {
        bool isRead = HttpMethods.IsGet(context.Request.Method);
        if (!isRead && !HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.Headers.Allow = "GET, HEAD";
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return Task.CompletedTask;
        }

        (context.Response.StatusCode, string words) = health.IsServing ? (StatusCodes.Status200OK, "serving\n") : (StatusCodes.Status503ServiceUnavailable, "stopping\n");
        context.Response.ContentType = "text/plain";
        context.Response.Headers.CacheControl = "no-store";
        return isRead ? context.Response.WriteAsync(words, context.RequestAborted) : Task.CompletedTask;
    }
}
