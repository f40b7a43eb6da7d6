using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace RemoteExec.Server.Telemetry;

/// <summary>What there is of metrics, for Prometheus to scrape, at <c>/metrics</c>.</summary>
/// <param name="exporter">Where they are from.</param>
internal sealed class MetricsEndpoint(PrometheusExporter exporter)
{
    /// <summary>Where it is.</summary>
    public const string Path = "/metrics";

    /// <summary>Serves this path in the pipeline, and no other.</summary>
    public void Map(IApplicationBuilder application) =>
        application.Use((context, next) => context.Request.Path.Equals(Path, StringComparison.Ordinal) ? ServeAsync(context) : next(context));

    private async Task ServeAsync(HttpContext context)
    {
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.Headers.Allow = "GET, HEAD";
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return;
        }

        PrometheusFormat format = PrometheusFormats.OfAccept(context.Request.Headers.Accept);
        ReadOnlyMemory<byte> text = exporter.Scrape(format);
        context.Response.ContentType = format.ContentType();
        context.Response.ContentLength = text.Length;
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers.Vary = "Accept";
        if (HttpMethods.IsGet(context.Request.Method))
            await context.Response.BodyWriter.WriteAsync(text, context.RequestAborted);
    }
}
