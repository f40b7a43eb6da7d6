using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.Python.Services;

/// <summary>Sends a blob as a file, or a range of it: clients look into wheels by their ends.</summary>
internal static class ServedFile
{
    private const int PieceBytes = 64 * 1024;

    /// <summary>Sends it, or only its headers if that is all that was asked for; false if there is no such blob.</summary>
    /// <param name="context">The request.</param>
    /// <param name="cas">Where it is.</param>
    /// <param name="digest">The blob.</param>
    /// <param name="isLasting">True if its name never stands for anything else.</param>
    /// <exception cref="CasException">The store fails.</exception>
    public static async Task<bool> TrySendAsync(HttpContext context, IBlobStore cas, Digest digest, bool isLasting)
    {
        HttpResponse response = context.Response;
        string tag = $"\"{digest.Hash}\"";
        (long first, long count, bool isPart) = RangeOf(context.Request, tag, digest.SizeBytes);
        await using BlobReader? reader = await cas.OpenReadAsync(digest, first, context.RequestAborted);
        if (reader is null)
            return false;
        response.Headers.ETag = tag;
        response.Headers.AcceptRanges = "bytes";
        response.Headers.CacheControl = isLasting ? "private, max-age=31536000, immutable" : "no-cache";
        response.Headers.ContentSecurityPolicy = "default-src 'none'; sandbox";
        if (context.Request.Headers.IfNoneMatch.ToString().Split(',', StringSplitOptions.TrimEntries).Contains(tag, StringComparer.Ordinal))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return true;
        }

        if (isPart && count <= 0)
        {
            response.StatusCode = StatusCodes.Status416RangeNotSatisfiable;
            response.Headers.ContentRange = $"bytes */{digest.SizeBytes}";
            return true;
        }

        response.ContentType = "application/octet-stream";
        response.ContentLength = count;
        if (isPart)
        {
            response.StatusCode = StatusCodes.Status206PartialContent;
            response.Headers.ContentRange = $"bytes {first}-{first + count - 1}/{digest.SizeBytes}";
        }

        if (HttpMethods.IsGet(context.Request.Method))
            await SendAsync(context, reader, count);
        return true;
    }

    private static async Task SendAsync(HttpContext context, BlobReader reader, long left)
    {
        await context.Response.StartAsync(context.RequestAborted);
        try
        {
            while (left > 0)
            {
                Memory<byte> memory = context.Response.BodyWriter.GetMemory(PieceBytes);
                int read = await reader.ReadAsync(memory[..(int)Math.Min(memory.Length, left)], context.RequestAborted);
                if (read == 0)
                    throw new InvalidOperationException($"the blob ended {left} bytes early");
                context.Response.BodyWriter.Advance(read);
                left -= read;
                await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
            }
        }
        catch
        {
            context.Abort(); // so that the client sees that it has not all of it
            throw;
        }
    }

    // The whole where there is no range, several, or none that is understood, or if the client has a part of something else.
    private static (long First, long Count, bool IsPart) RangeOf(HttpRequest request, string tag, long length)
    {
        bool isMeant = HttpMethods.IsGet(request.Method) && request.Headers.IfRange.ToString() is var same && (same.Length == 0 || same == tag);
        if (!isMeant || !RangeHeaderValue.TryParse(request.Headers.Range.ToString(), out RangeHeaderValue? header) || header.Unit != "bytes" || header.Ranges.Count != 1)
            return (0, length, false);
        RangeItemHeaderValue range = header.Ranges.Single();
        long first = range.From ?? Math.Max(0, length - range.To!.Value), last = range.From is null ? length - 1 : Math.Min(range.To ?? long.MaxValue, length - 1);
        return first <= last ? (first, last - first + 1, true) : (0, 0, true);
    }
}
