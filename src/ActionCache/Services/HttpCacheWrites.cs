using Google.Protobuf;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using RemoteExec.Cas;
using RemoteExec.Cas.Services;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Wire;

namespace RemoteExec.ActionCache.Services;

/// <summary>PUT and DELETE of the HTTP cache.</summary>
internal sealed class HttpCacheWrites(ActionResultUploads uploads, IBlobStore results, IBlobStore cas, ServerFeatures features, HttpCalls calls)
{
    // Up to here the value of an action is taken into memory to see whether it is a result; gRPC takes no longer ones either.
    private const int MaxResultBytes = 16 * 1024 * 1024;
    private static readonly MessageParser<Reapi.ActionResult> knownFieldsParser = Reapi.ActionResult.Parser.WithDiscardUnknownFields(true);

    /// <summary>Stores the body under what the path names.</summary>
    public async Task PutAsync(HttpContext context, HttpCachePath path)
    {
        if (path.Kind != HttpCacheKind.Blob && !features.MayUpdate(path.Instance))
        {
            await HttpBodies.RefuseAsync(context, StatusCodes.Status403Forbidden, "this server does not let clients update the action cache");
            return;
        }

        if (context.Request.ContentLength is not { } length)
        {
            await HttpBodies.RefuseAsync(context, StatusCodes.Status411LengthRequired, "send a Content-Length: chunked bodies are not accepted");
            return;
        }

        if (context.Request.Headers.ContentEncoding.Any(coding => coding is not (null or "" or "identity")))
        {
            await HttpBodies.RefuseAsync(context, StatusCodes.Status415UnsupportedMediaType, "send the body without a Content-Encoding");
            return;
        }

        if (features.Limits.MaxBlobBytes > 0 && length > features.Limits.MaxBlobBytes)
        {
            await HttpBodies.RefuseAsync(
                context, StatusCodes.Status413PayloadTooLarge, $"{length} bytes are more than the {features.Limits.MaxBlobBytes} allowed here");
            return;
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } bodySize)
            bodySize.MaxRequestBodySize = null;
        if (path.Kind == HttpCacheKind.Blob)
            await PutBlobAsync(context, path.Digest, length);
        else
            await PutValueAsync(context, path, length);
    }

    /// <summary>Drops an opaque value; results of actions stay.</summary>
    public async Task DeleteAsync(HttpContext context, HttpCachePath path)
    {
        if (!features.MayUpdate(path.Instance))
            await HttpBodies.RefuseAsync(context, StatusCodes.Status403Forbidden, "this server does not let clients update the action cache");
        else if (!await results.ContainsAsync(path.OpaqueKey, context.RequestAborted))
            await HttpBodies.RefuseAsync(context, StatusCodes.Status404NotFound, "not in the cache");
        else
        {
            // Stores do not delete: an empty value stands for none.
            await results.WriteAllAsync(path.OpaqueKey, ReadOnlyMemory<byte>.Empty, context.RequestAborted);
            context.Response.StatusCode = StatusCodes.Status204NoContent;
        }
    }

    private async Task PutBlobAsync(HttpContext context, Digest digest, long length)
    {
        Digest whole = Digest.Create(digest.Instance, digest.Function, digest.HashSpan, length);
        if (await cas.ContainsAsync(whole, context.RequestAborted))
        {
            await HttpBodies.DrainAsync(context);
            return;
        }

        await using BlobWriter writer = await cas.OpenWriteAsync(whole, length, context.RequestAborted);
        await HttpBodies.StoreAsync(context, writer);
        calls.Written(context, whole);
        context.Response.StatusCode = StatusCodes.Status201Created;
    }

    private async Task PutValueAsync(HttpContext context, HttpCachePath path, long length)
    {
        if (length == 0)
        {
            await HttpBodies.RefuseAsync(context, StatusCodes.Status400BadRequest, "the body is empty: an empty value can't be told from none");
            return;
        }

        context.Response.StatusCode = StatusCodes.Status201Created;
        if (path.Kind == HttpCacheKind.Opaque || length > MaxResultBytes)
        {
            await using BlobWriter writer = await results.OpenWriteAsync(path.OpaqueKey, length, context.RequestAborted);
            await HttpBodies.StoreAsync(context, writer);
            calls.Stored(context, path, length);
            return;
        }

        byte[] content = await HttpBodies.ReadAllAsync(context);
        if (TryParseResult(content) is { } result)
            await uploads.StoreAsync(path.Digest, result, context.RequestAborted);
        else
            await results.WriteAllAsync(path.OpaqueKey, content, context.RequestAborted);
        calls.Stored(context, path, length);
    }

    // ccache's values begin with bytes that no message does. A message of unknown fields alone is taken for a value of that kind too.
    private static Reapi.ActionResult? TryParseResult(byte[] content)
    {
        try
        {
            return knownFieldsParser.ParseFrom(content).CalculateSize() == 0 ? null : Reapi.ActionResult.Parser.ParseFrom(content);
        }
        catch (Exception exception) when (MalformedMessage.IsReason(exception))
        {
            return null;
        }
    }
}
