using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using RemoteExec.Cas;

namespace RemoteExec.ActionCache.Services;

/// <summary>Carries bodies between Kestrel's pipes and stores, without a copy of ours and without holding a whole one.</summary>
internal static class HttpBodies
{
    private const int PieceBytes = 64 * 1024;

    /// <summary>Sends this many bytes of a reader. If that fails midway the connection is cut, so that the client sees it.</summary>
    public static async Task SendAsync(HttpContext context, BlobReader reader, long count)
    {
        await context.Response.StartAsync(context.RequestAborted);
        PipeWriter body = context.Response.BodyWriter;
        try
        {
            while (count > 0)
            {
                Memory<byte> memory = body.GetMemory(PieceBytes);
                int read = await reader.ReadAsync(memory[..(int)Math.Min(memory.Length, count)], context.RequestAborted);
                if (read == 0)
                    throw new InvalidOperationException($"the value ended {count} bytes early");
                body.Advance(read);
                count -= read;
                await body.FlushAsync(context.RequestAborted);
            }
        }
        catch
        {
            context.Abort();
            throw;
        }
    }

    /// <summary>Writes the whole body of a request, and commits it.</summary>
    public static async Task StoreAsync(HttpContext context, BlobWriter writer)
    {
        await foreach (ReadResult piece in ReadAsync(context))
            await writer.WriteAsync(piece.Buffer, context.RequestAborted);
        await writer.CommitAsync(context.RequestAborted);
    }

    /// <summary>Reads a body that is short enough for memory of its own.</summary>
    public static async Task<byte[]> ReadAllAsync(HttpContext context)
    {
        var content = new byte[context.Request.ContentLength!.Value];
        int filled = 0;
        await foreach (ReadResult piece in ReadAsync(context))
        {
            System.Buffers.BuffersExtensions.CopyTo(piece.Buffer, content.AsSpan(filled));
            filled += (int)piece.Buffer.Length;
        }

        return content;
    }

    /// <summary>Reads a body that nobody needs, so that the connection stays usable.</summary>
    public static async Task DrainAsync(HttpContext context)
    {
        await foreach (ReadResult _ in ReadAsync(context))
        {
        }
    }

    /// <summary>Answers with a sentence for people.</summary>
    public static async Task RefuseAsync(HttpContext context, int status, string message)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        if (!HttpMethods.IsHead(context.Request.Method))
            await context.Response.WriteAsync(message + "\n", context.RequestAborted);
    }

    // Kestrel fails the read of a body that ends before its Content-Length, so the end is the true end.
    private static async IAsyncEnumerable<ReadResult> ReadAsync(HttpContext context)
    {
        PipeReader body = context.Request.BodyReader;
        while (true)
        {
            ReadResult piece = await body.ReadAsync(context.RequestAborted);
            try
            {
                yield return piece;
            }
            finally
            {
                body.AdvanceTo(piece.Buffer.End);
            }

            if (piece.IsCompleted)
                yield break;
        }
    }
}
