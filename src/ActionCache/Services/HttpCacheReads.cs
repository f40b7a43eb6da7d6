using Microsoft.AspNetCore.Http;
using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.ActionCache.Services;

/// <summary>GET and HEAD of the HTTP cache.</summary>
internal sealed class HttpCacheReads(IActionCache cache, IBlobStore results, IBlobStore cas, HttpCalls calls)
{
    /// <summary>Answers with what the path names; only its headers if that is all that was asked for.</summary>
    public async Task GetAsync(HttpContext context, HttpCachePath path)
    {
        if (path.Kind == HttpCacheKind.ActionResult && await cache.FindAsync(path.Digest, context.RequestAborted) is { } result)
        {
            calls.LookedUp(context, path, isFound: true, result.ExecutionMetadata, result.Encoded.Length);
            await SendResultAsync(context, result.Encoded);
            return;
        }

        await using BlobReader? reader = path.Kind == HttpCacheKind.Blob
            ? await cas.OpenReadAsync(path.Digest, 0, context.RequestAborted)
            : await results.OpenReadAsync(path.OpaqueKey, 0, context.RequestAborted);
        bool isFound = reader is not null && (path.Kind == HttpCacheKind.Blob || reader.Length > 0);
        if (path.Kind != HttpCacheKind.Blob)
            calls.LookedUp(context, path, isFound, [], isFound ? reader!.Length : 0);
        if (reader is null || !isFound)
            await HttpBodies.RefuseAsync(context, StatusCodes.Status404NotFound, "not in the cache");
        else if (path.Kind == HttpCacheKind.Blob && HttpRange.Of(context.Request, reader.Length) is { } range)
            await SendRangeAsync(context, path, reader.Length, range);
        else
            await SendWholeAsync(context, path, reader);
    }

    private async Task SendWholeAsync(HttpContext context, HttpCachePath path, BlobReader reader)
    {
        if (path.Kind == HttpCacheKind.Blob)
            calls.Read(context, path, reader.Length);
        if (path.Kind != HttpCacheKind.Blob || !await HttpContentCoding.TrySendAsync(context, reader))
            await SendAsync(context, reader, reader.Length);
    }

    private static async Task SendResultAsync(HttpContext context, ReadOnlyMemory<byte> encoded)
    {
        context.Response.ContentType = "application/octet-stream";
        context.Response.ContentLength = encoded.Length;
        if (HttpMethods.IsGet(context.Request.Method))
            await context.Response.BodyWriter.WriteAsync(encoded, context.RequestAborted);
    }

    private async Task SendRangeAsync(HttpContext context, HttpCachePath path, long length, HttpRange range)
    {
        if (range.IsEmpty)
        {
            context.Response.Headers.ContentRange = $"bytes */{length}";
            await HttpBodies.RefuseAsync(context, StatusCodes.Status416RangeNotSatisfiable, $"the blob has {length} bytes: the range lies outside");
            return;
        }

        await using BlobReader? reader = await cas.OpenReadAsync(path.Digest, range.First, context.RequestAborted);
        if (reader is null)
        {
            await HttpBodies.RefuseAsync(context, StatusCodes.Status404NotFound, "not in the cache");
            return;
        }

        context.Response.StatusCode = StatusCodes.Status206PartialContent;
        context.Response.Headers.ContentRange = $"bytes {range.First}-{range.Last}/{length}";
        calls.Read(context, path, range.Count);
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
