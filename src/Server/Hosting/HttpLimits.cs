using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using RemoteExec.Rpc.Server.Limits;

namespace RemoteExec.Server.Hosting;

/// <summary>What a request over HTTP/1.1 may take: time without progress, and memory.</summary>
internal sealed class HttpLimits(ConnectionGate gate)
{
    private const int BufferBytes = 1024 * 1024; // what Kestrel holds of an answer that is not taken
    private const int LookUpBytes = 64 * 1024;
    private const string EmptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    // Kestrel measures bytes in a second, once the grace is over: one that rests for so long has fallen below any rate.
    private readonly MinDataRate rate = new(bytesPerSecond: 240, gracePeriod: gate.Limits.StallTime > TimeSpan.FromSeconds(1) ? gate.Limits.StallTime : TimeSpan.FromSeconds(2));

    /// <summary>Stands before all that serves HTTP.</summary>
    public void Map(IApplicationBuilder application) => application.Use(ServeAsync);

    private async Task ServeAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } requests)
            requests.MinDataRate = rate;
        if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } responses)
            responses.MinDataRate = rate;
        MemoryUse use = UseOf(context.Request);
        int bytes = use == MemoryUse.LookUp ? LookUpBytes : BufferBytes;
        try
        {
            await gate.BeginTransferAsync(context.Features, bytes, use, context.RequestAborted);
        }
        catch (MemoryShortException shortage)
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            context.Response.Headers.RetryAfter = shortage.Wait.TotalSeconds.ToString("0", System.Globalization.CultureInfo.InvariantCulture);
            context.Response.ContentType = "text/plain; charset=utf-8";
            await context.Response.WriteAsync(shortage.Message + "\n", context.RequestAborted);
            return;
        }

        try
        {
            await next(context);
        }
        finally
        {
            gate.EndTransfer(context.Features, bytes, use);
        }
    }

    // Blobs are what is large; the empty one is what those ask for who want to know whether the server is well.
    private static MemoryUse UseOf(HttpRequest request)
    {
        string path = request.Path.Value ?? "";
        if (HttpMethods.IsPut(request.Method))
            return MemoryUse.Write;
        bool isOfBlob = (path.Contains("/cas/", StringComparison.Ordinal) && !path.EndsWith(EmptyHash, StringComparison.Ordinal)) || path.StartsWith("/pypi/", StringComparison.Ordinal);
        return isOfBlob && HttpMethods.IsGet(request.Method) ? MemoryUse.Read : MemoryUse.LookUp;
    }
}
