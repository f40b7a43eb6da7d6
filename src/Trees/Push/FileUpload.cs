using System.Buffers;
using Microsoft.Win32.SafeHandles;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Trees.Remote;

namespace RemoteExec.Trees.Push;

/// <summary>Uploads files, and parts of files. A server that breaks off is tried again.</summary>
internal static class FileUpload
{
    private const int PieceBytes = 1024 * 1024;
    private const int MaxAttempts = 3;

    /// <summary>Uploads as many bytes from a place on as the digest has.</summary>
    /// <exception cref="BlobMismatchException">The digest is that of something else.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    public static Task SendAsync(IBlobStore cas, SafeFileHandle file, long offset, Digest digest, CancellationToken cancellationToken) => TryAgainAsync(async () =>
    {
        await using BlobWriter writer = await cas.OpenWriteAsync(digest, digest.SizeBytes, cancellationToken);
        await SendAsync(writer, file, offset, digest, 0, null, cancellationToken);
    });

    /// <summary>Uploads a file from where it was broken off before; returns how many bytes were sent.</summary>
    /// <param name="server">The server.</param>
    /// <param name="file">The file.</param>
    /// <param name="digest">Its digest.</param>
    /// <param name="name">What the upload is called, and was called before.</param>
    /// <param name="done">Told of bytes that need not be sent any more.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="BlobMismatchException">The digest is that of something else.</exception>
    /// <exception cref="CasException">The CAS fails.</exception>
    public static async Task<long> ContinueAsync(CasClient server, SafeFileHandle file, Digest digest, string name, IProgress<long> done, CancellationToken cancellationToken)
    {
        long told = 0, sent = 0;
        await TryAgainAsync(async () =>
        {
            (BlobWriter? writer, long there) = await server.ContinueWriteAsync(digest, name, cancellationToken);
            Tell(there);
            if (writer is null)
                return;
            await using (writer)
                await SendAsync(writer, file, 0, digest, there, Count, cancellationToken);

            void Count(long end, int bytes)
            {
                sent += bytes;
                Tell(end);
            }
        }, () => sent);
        return sent;

        // Up to where it is there: less than before if the server forgot.
        void Tell(long end)
        {
            done.Report(end - told);
            told = end;
        }
    }

    // The file is still at hand.
    private static async Task TryAgainAsync(Func<Task> send, Func<long>? sent = null)
    {
        long before = 0;
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await send();
                return;
            }
            catch (StoreUnavailableException exception) when (exception.MayBeginAnew && (attempt < MaxAttempts || sent?.Invoke() > before))
            {
                attempt = sent?.Invoke() > before ? 1 : attempt;
                before = sent?.Invoke() ?? 0;
            }
        }
    }

    private static async Task SendAsync(BlobWriter writer, SafeFileHandle file, long start, Digest digest, long from, Action<long, int>? count, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(digest.SizeBytes, PieceBytes));
        try
        {
            for (long at = from; at < digest.SizeBytes;)
            {
                int wanted = (int)Math.Min(digest.SizeBytes - at, Math.Min(buffer.Length, PieceBytes)), filled = 0;
                for (int read; filled < wanted; filled += read)
                {
                    read = RandomAccess.Read(file, buffer.AsSpan(filled, wanted - filled), start + at + filled);
                    if (read == 0)
                        throw new BlobMismatchException(digest, "there are fewer bytes");
                }

                await writer.WriteAsync(new ReadOnlySequence<byte>(buffer, 0, filled), cancellationToken);
                at += filled;
                count?.Invoke(at, filled);
            }

            await writer.CommitAsync(cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
