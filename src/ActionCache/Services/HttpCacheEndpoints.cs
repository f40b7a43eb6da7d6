using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using RemoteExec.Cas;
using RemoteExec.Cas.Builds;
using RemoteExec.Cas.Services;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Access;

namespace RemoteExec.ActionCache.Services;

/// <summary>
/// The cache over plain HTTP/1.1, as Bazel (<c>--remote_cache=http://host:port[/instance]</c>) and ccache speak it: GET, HEAD and PUT of
/// <c>/[instance/]cas/hash</c> and <c>/[instance/]ac/hash</c>, the same blobs and results as over gRPC; and opaque values of ccache in any of its
/// three layouts, beside the results. The digest function follows from the length of the hash (DIG-08).
/// </summary>
/// <param name="cache">The results; a <see cref="CompleteActionCache"/>.</param>
/// <param name="results">The tree of stores below <paramref name="cache"/>, for opaque values.</param>
/// <param name="cas">The blobs; verifying.</param>
/// <param name="features">What the server claims: whether clients may update, how long a blob may be.</param>
/// <param name="observer">Is told what was found and carried; null for nobody.</param>
public sealed class HttpCacheEndpoints(IActionCache cache, IBlobStore results, IBlobStore cas, ServerFeatures features, ICallObserver? observer = null)
{
    private readonly HttpCacheReads reads = new(cache, results, cas, new HttpCalls(observer ?? ICallObserver.None));
    private readonly HttpCacheWrites writes = new(new ActionResultUploads(cache, cas), results, cas, features, new HttpCalls(observer ?? ICallObserver.None));

    /// <summary>What a request takes, and where; null if its path is none of the cache's.</summary>
    /// <param name="method">Its method.</param>
    /// <param name="path">Its path.</param>
    public static (Right OneOf, InstanceName Instance)? AccessOf(string method, string path)
    {
        if (!HttpCachePath.TryParse(path, out HttpCachePath parsed, out _))
            return null;
        bool isBlob = parsed.Kind == HttpCacheKind.Blob;
        return HttpMethods.IsGet(method) || HttpMethods.IsHead(method) ? (isBlob ? Right.ReadCas : Right.ReadAc, parsed.Instance)
            : HttpMethods.IsPut(method) || HttpMethods.IsDelete(method) ? (isBlob ? Right.WriteCas : Right.WriteAc, parsed.Instance)
            : (Right.Admin, parsed.Instance);
    }

    /// <summary>Serves the cache's paths in this pipeline; other paths go on to what is mapped behind.</summary>
    public void Map(IApplicationBuilder application) =>
        application.Use(async (context, next) =>
        {
            if (HttpCachePath.TryParse(context.Request.Path.Value ?? "", out HttpCachePath path, out string? error))
                await ServeAsync(context, path);
            else if (error is not null)
                await HttpBodies.RefuseAsync(context, StatusCodes.Status400BadRequest, error);
            else
                await next(context);
        });

    private async Task ServeAsync(HttpContext context, HttpCachePath path)
    {
        try
        {
            string method = context.Request.Method;
            if (HttpMethods.IsGet(method) || HttpMethods.IsHead(method))
                await reads.GetAsync(context, path);
            else if (context.Request.Headers.Origin.Count > 0)
                await HttpBodies.RefuseAsync(context, StatusCodes.Status403Forbidden, "web pages write nothing here: a request with the header Origin is one of a browser"); // a name that was pointed to this machine makes it the page's own
            else if (HttpMethods.IsPut(method))
                await writes.PutAsync(context, path);
            else if (HttpMethods.IsDelete(method) && path.Kind != HttpCacheKind.Blob)
                await writes.DeleteAsync(context, path);
            else
                await RefuseMethodAsync(context, path);
        }
        catch (Exception exception) when (!context.Response.HasStarted && StatusOf(exception) is { } status)
        {
            await HttpBodies.RefuseAsync(context, status, exception.Message);
        }
        catch (CasException) when (context.Response.HasStarted)
        {
            // The connection has been cut, which is all that can be told; the store has told its operator.
        }
        catch (Exception exception) when (context.RequestAborted.IsCancellationRequested && exception is OperationCanceledException or IOException)
        {
            // The client has gone; there is nobody to tell.
        }
    }

    private static Task RefuseMethodAsync(HttpContext context, HttpCachePath path)
    {
        string allowed = path.Kind == HttpCacheKind.Blob ? "GET, HEAD, PUT" : "GET, HEAD, PUT, DELETE";
        context.Response.Headers.Allow = allowed;
        return HttpBodies.RefuseAsync(context, StatusCodes.Status405MethodNotAllowed, $"the cache understands {allowed} here");
    }

    private static int? StatusOf(Exception exception) => exception switch
    {
        BlobMismatchException or ActionResultRefusedException or InstanceUnknownException => StatusCodes.Status400BadRequest,
        StoreReadOnlyException => StatusCodes.Status403Forbidden,
        AccessDeniedException denied => denied.IsStranger ? StatusCodes.Status401Unauthorized : StatusCodes.Status403Forbidden,
        BlobTooLargeException => StatusCodes.Status413PayloadTooLarge,
        StoreFullException => StatusCodes.Status507InsufficientStorage,
        StoreUnavailableException => StatusCodes.Status503ServiceUnavailable,
        _ => null,
    };
}
