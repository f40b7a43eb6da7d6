using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.Server.Api;

/// <summary>
/// Sends a blob: as a file of the name <c>name</c>, or, with <c>show</c>, the first so many bytes as plain text. Never as anything that a browser runs or renders.
/// </summary>
internal static class BlobDownload
{
    private const int PieceBytes = 64 * 1024;

    /// <summary>Sends it.</summary>
    /// <exception cref="CasException">The store can't say.</exception>
    public static async Task SendAsync(HttpContext context, ApiQuery query, IBlobStore cas, Digest digest)
    {
        long most = digest.SizeBytes;
        string? show = query.Text("show");
        if (show is not null && !long.TryParse(show, NumberStyles.None, CultureInfo.InvariantCulture, out most))
            throw new ApiProblemException(StatusCodes.Status400BadRequest, $"show={show} is no number of bytes");
        await using BlobReader reader = await cas.OpenReadAsync(digest, 0, context.RequestAborted)
            ?? throw new ApiProblemException(StatusCodes.Status404NotFound, "there is no such blob in the cache");

        HttpResponse response = context.Response;
        long left = Math.Min(most, digest.SizeBytes);
        response.ContentLength = left;
        response.ContentType = show is not null ? "text/plain; charset=utf-8" : "application/octet-stream";
        response.Headers.ContentSecurityPolicy = "default-src 'none'; sandbox";
        if (show is null)
        {
            var disposition = new ContentDispositionHeaderValue("attachment");
            disposition.SetHttpFileName(query.Text("name") is { Length: > 0 } name ? name : digest.Hash.ToString());
            response.Headers.ContentDisposition = disposition.ToString();
        }

        while (left > 0)
        {
            Memory<byte> memory = response.BodyWriter.GetMemory(PieceBytes);
            int read = await reader.ReadAsync(memory[..(int)Math.Min(memory.Length, left)], context.RequestAborted);
            if (read == 0)
                break; // too short, which the client sees by the length
            response.BodyWriter.Advance(read);
            left -= read;
            await response.BodyWriter.FlushAsync(context.RequestAborted);
        }
    }
}
