using System.Buffers;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;
using RemoteExec.Cas;
using RemoteExec.Cas.Compression;
using RemoteExec.Images.Export;
using RemoteExec.Protocol;
using Compressor = Build.Bazel.Remote.Execution.V2.Compressor.Types.Value;

namespace RemoteExec.Server.Api.Trees;

/// <summary>
/// Sends a tree as a tar archive, compressed by zstd: the same bytes each time, owned by root and without times. Nothing is sent before it is known that all of it can be; if something vanishes in the
/// middle, the connection is broken off, so that no part of an archive looks like a whole one.
/// </summary>
internal static class TreeArchive
{
    /// <summary>How the paths of archives end.</summary>
    public const string Suffix = ".tar.zst";

    /// <summary>The content type.</summary>
    public const string ContentType = "application/zstd";

    private const int PieceBytes = 128 * 1024;
    private const int EndBlocks = 2;

    /// <summary>Sends it.</summary>
    /// <param name="context">The request.</param>
    /// <param name="cas">Where the files are.</param>
    /// <param name="tree">The tree.</param>
    /// <param name="name">What the file is to be called, without its end.</param>
    /// <param name="logger">Told if it is broken off.</param>
    /// <exception cref="CasException">The store can't say, and nothing was sent.</exception>
    public static async Task SendAsync(HttpContext context, IBlobStore cas, WholeTree tree, string name, ILogger logger)
    {
        if (!BlobCompression.Supported.Contains(Compressor.Zstd))
            throw new ApiProblemException(StatusCodes.Status501NotImplemented, "this server has no libzstd: install it, and restart the server");
        await tree.CheckAsync(cas, context.RequestAborted);

        context.Response.ContentType = ContentType;
        var disposition = new ContentDispositionHeaderValue("attachment");
        disposition.SetHttpFileName(name + Suffix);
        context.Response.Headers.ContentDisposition = disposition.ToString();
        await using Stream encoder = BlobCompression.Encode(Compressor.Zstd, context.Response.Body);
        try
        {
            await WriteAsync(cas, tree, encoder, context.RequestAborted);
        }
        catch (CasException exception)
        {
            ServerLog.ArchiveBrokenOff(logger, name, exception.Message);
            context.Abort(); // who reads it sees that it did not end
        }
    }

    private static async Task WriteAsync(IBlobStore cas, WholeTree tree, Stream destination, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(PieceBytes);
        try
        {
            foreach (TreeEntry entry in tree.Entries())
            {
                if (entry.Content is { } content)
                    await WriteFileAsync(cas, entry, content, destination, buffer, cancellationToken);
                else if (entry.Target is { } target)
                    await destination.WriteAsync(TarHeader.Write(entry.Path, '2', entry.Mode, 0, target), cancellationToken);
                else
                    await destination.WriteAsync(TarHeader.Write(entry.Path + "/", '5', entry.Mode, 0), cancellationToken);
            }

            await destination.WriteAsync(new byte[EndBlocks * TarHeader.BlockBytes], cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static async Task WriteFileAsync(IBlobStore cas, TreeEntry entry, Digest content, Stream destination, byte[] buffer, CancellationToken cancellationToken)
    {
        await using BlobReader reader = await cas.OpenReadAsync(content, 0, cancellationToken) ?? throw new BlobsMissingException([content]);
        await destination.WriteAsync(TarHeader.Write(entry.Path, '0', entry.Mode, content.SizeBytes), cancellationToken);
        long left = content.SizeBytes;
        for (int read; left > 0 && (read = await reader.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, left)), cancellationToken)) > 0; left -= read)
            await destination.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        if (left > 0)
            throw new BlobCorruptException(content);
        await destination.WriteAsync(new byte[TarHeader.PaddingOf(content.SizeBytes)], cancellationToken);
    }
}
