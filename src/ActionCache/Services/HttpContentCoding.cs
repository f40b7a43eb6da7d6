using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using RemoteExec.Cas;
using RemoteExec.Cas.Compression;
using Compressor = Build.Bazel.Remote.Execution.V2.Compressor.Types.Value;

namespace RemoteExec.ActionCache.Services;

/// <summary>Answers that are compressed on their way, for clients that name zstd or br in Accept-Encoding.</summary>
internal static class HttpContentCoding
{
    private const int WorthCompressing = 1024; // bytes

    private static readonly (string Name, Compressor Compressor)[] codings =
        [("zstd", Compressor.Zstd), ("br", Compressor.Brotli)];

    /// <summary>Sends a whole blob compressed; false, having done nothing, if the client did not ask for it or it is not worth it.</summary>
    public static async Task<bool> TrySendAsync(HttpContext context, BlobReader reader)
    {
        if (reader.Length < WorthCompressing || Choose(context.Request) is not { } coding)
            return false;
        context.Response.ContentType = "application/octet-stream";
        context.Response.Headers.ContentEncoding = coding.Name;
        context.Response.Headers.Vary = HeaderNames.AcceptEncoding;
        if (coding.Compressor == Compressor.Zstd)
            context.Response.ContentLength = reader.ZstdLength; // of what is stored that way; else it shows at the end
        if (!HttpMethods.IsGet(context.Request.Method))
            return true;
        await context.Response.StartAsync(context.RequestAborted);
        try
        {
            await BlobCompression.CompressAsync(coding.Compressor, reader, context.Response.Body, context.RequestAborted);
        }
        catch
        {
            context.Abort(); // so that the client sees that it is not whole
            throw;
        }

        return true;
    }

    private static (string Name, Compressor Compressor)? Choose(HttpRequest request)
    {
        if (!StringWithQualityHeaderValue.TryParseList(request.Headers.AcceptEncoding, out IList<StringWithQualityHeaderValue>? accepted))
            return null;
        foreach ((string Name, Compressor Compressor) coding in codings)
        {
            if (BlobCompression.Supported.Contains(coding.Compressor)
                && accepted.Any(value => value.Quality != 0 && value.Value.Equals(coding.Name, StringComparison.OrdinalIgnoreCase)))
                return coding;
        }

        return null;
    }
}
