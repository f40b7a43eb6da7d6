using Microsoft.AspNetCore.Http;
using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.ActionCache.Services;

/// <summary>GET and HEAD of the HTTP cache.</summary>
internal sealed class HttpCacheReads(IActionCache cache, IBlobStore results, IBlobStore cas)
{
    /// <summary>Answers with what the path names; only its headers if that is all that was asked for.</summary>
    public async Task GetAsync(HttpContext context, HttpCachePath path)
    {
        if (path.Kind == HttpCacheKind.ActionResult && await cache.FindAsync(path.Digest, context.RequestAborted) is { } result)
        {
            await SendResultAsync(context, result.Encoded);
            return;
        }

        await using BlobReader? reader = path.Kind == HttpCacheKind.Blob
            ? await cas.OpenReadAsync(path.Digest, 0, context.RequestAborted)
            : await results.OpenReadAsync(path.OpaqueKey, 0, context.RequestAborted);
        if (reader is null || (path.Kind != HttpCacheKind.Blob && reader.Length == 0))
            await HttpBodies.RefuseAsync(context, StatusCodes.Status404NotFound, "not in the cache");
        else if (path.Kind == HttpCacheKind.Blob && HttpRange.Of(context.Request, reader.Length) is { } range)
            await SendRangeAsync(context, path.Digest, reader.Length, range);
        else if (path.Kind != HttpCacheKind.Blob || !await HttpContentCoding.TrySendAsync(context, reader))
            await SendAsync(context, reader, reader.Length);
    }

    private static async Task SendResultAsync(HttpContext context, ReadOnlyMemory<byte> encoded)
    {
        context.Response.ContentType = "application/octet-stream";
        context.Response.ContentLength = encoded.Length;
        if (HttpMethods.IsGet(context.Request.Method))
            await context.Response.BodyWriter.WriteAsync(encoded, context.RequestAborted);
    }

    private async Task SendRangeAsync(HttpContext context, Digest digest, long length, HttpRange range)
    {
        if (range.IsEmpty)
        {
            context.Response.Headers.ContentRange = $"bytes */{length}";
            await HttpBodies.RefuseAsync(context, StatusCodes.Status416RangeNotSatisfiable, $"the blob has {length} bytes: the range lies outside");
            return;
        }

        await using BlobReader? reader = await cas.OpenReadAsync(digest, range.First, context.RequestAborted);
        if (reader is null)
        {
            await HttpBodies.RefuseAsync(context, StatusCodes.Status404NotFound, "not in the cache");
            return;
        }

        context.Response.StatusCode = StatusCodes.Status206PartialContent;
        context.Response.Headers.ContentRange = $"bytes {range.First}-{range.Last}/{length}";
        await SendAsync(context, reader, range.Count);
    }

    private static async Task SendAsync(HttpContext context, BlobReader reader, long count)
    {
        context.Response.ContentType = "application/octet-stream";
        context.Response.ContentLength = count;
        if (HttpMethods.IsGet(context.Request.Method))
            await HttpBodies.SendAsync(context, reader, count);
    }
}
