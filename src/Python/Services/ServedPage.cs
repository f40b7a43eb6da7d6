using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;

namespace RemoteExec.Python.Services;

/// <summary>A page as it is sent: compressed where that is taken, and not at all to who has it.</summary>
/// <param name="content">The page.</param>
/// <param name="contentType">Its form.</param>
internal sealed class ServedPage(byte[] content, string contentType)
{
    private const int LeastToCompress = 1024;

    /// <summary>Sends it, or only its headers if that is all that was asked for.</summary>
    public async Task SendAsync(HttpContext context)
    {
        HttpResponse response = context.Response;
        bool isCompressed = content.Length >= LeastToCompress && context.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.OrdinalIgnoreCase);
        string tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 16))}{(isCompressed ? "-gzip" : "")}\"";
        response.Headers.ETag = tag;
        response.Headers.CacheControl = "no-cache"; // may be kept, and is asked for again
        response.Headers.Vary = "accept, accept-encoding";
        response.Headers.ContentSecurityPolicy = "default-src 'none'";
        if (context.Request.Headers.IfNoneMatch.ToString().Split(',', StringSplitOptions.TrimEntries).Contains(tag, StringComparer.Ordinal))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        byte[] body = isCompressed ? Compress(content) : content;
        if (isCompressed)
            response.Headers.ContentEncoding = "gzip";
        response.ContentType = contentType;
        response.ContentLength = body.Length;
        if (HttpMethods.IsGet(context.Request.Method))
            await response.Body.WriteAsync(body, context.RequestAborted);
    }

    private static byte[] Compress(byte[] content)
    {
        using var compressed = new MemoryStream();
        using (var stream = new GZipStream(compressed, CompressionLevel.Fastest))
            stream.Write(content);
        return compressed.ToArray();
    }
}
