using System.Buffers;
using Microsoft.Win32.SafeHandles;
using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.Trees.Push;

/// <summary>
/// Says whether a file is likely to have content in common with a blob, before the server cuts that one, which is as much work as storing it anew: what was compressed, or encrypted, has nothing in
/// common with what it was before. A few bytes out of some places of the blob are looked for around the same places of the file.
/// </summary>
internal static class Likeness
{
    private const int Places = 8, NeedleBytes = 64;
    private const long ReachBytes = 16 * 1024 * 1024; // how far content may have moved

    /// <summary>Whether any of the places is found.</summary>
    /// <param name="cas">The server's blobs.</param>
    /// <param name="earlier">The blob.</param>
    /// <param name="file">The file.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="CasException">The CAS fails.</exception>
    /// <exception cref="IOException">The file can't be read.</exception>
    public static async Task<bool> IsFoundAsync(IBlobStore cas, Digest earlier, SafeFileHandle file, CancellationToken cancellationToken)
    {
        byte[] needle = new byte[NeedleBytes];
        for (int i = 1; i <= Places; i++)
        {
            long place = (earlier.SizeBytes - NeedleBytes) / (Places + 1) * i;
            await using BlobReader? reader = await cas.OpenReadAsync(earlier, place, cancellationToken);
            for (int filled = 0, read; filled < needle.Length; filled += read)
            {
                read = reader is null ? 0 : await reader.ReadAsync(needle.AsMemory(filled), cancellationToken);
                if (read == 0)
                    return false; // it has left
            }

            if (Has(file, needle, place - ReachBytes, place + ReachBytes))
                return true;
        }

        return false;
    }

    private static bool Has(SafeFileHandle file, ReadOnlySpan<byte> needle, long from, long to)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(1024 * 1024);
        try
        {
            int kept = 0;
            for (long at = Math.Max(0, from); at < to;)
            {
                int read = RandomAccess.Read(file, buffer.AsSpan(kept), at);
                if (read == 0)
                    return false;
                Span<byte> filled = buffer.AsSpan(0, kept + read);
                if (filled.IndexOf(needle) >= 0)
                    return true;
                at += read;
                kept = Math.Min(filled.Length, needle.Length - 1); // it may begin at the end of what was read
                filled[^kept..].CopyTo(buffer);
            }

            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
