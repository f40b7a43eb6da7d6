using System.Collections.Concurrent;

namespace RemoteExec.Cas.Compression;

/// <summary>A compressor or decompressor of libzstd. They are made once and used again: making one costs more than compressing a small blob.</summary>
internal sealed unsafe class ZstdContext : IDisposable
{
    // Memory that a frame may ask of its reader. All levels up to 19 stay within, on content of any length.
    public const int WindowLog = 23;
    private const int Level = 1; // the network is faster than what higher levels save
    private const int Pooled = 32;
    private const int LargestPooled = 1 << 20; // clients of Bazel compress at a level that asks for 512 KiB

    private static readonly ConcurrentQueue<ZstdContext> compressors = new(), decompressors = new();

    private readonly bool isCompressor;
    private nint context;

    private ZstdContext(bool isCompressor)
    {
        this.isCompressor = isCompressor;
        context = isCompressor ? ZstdLibrary.CreateCompressor() : ZstdLibrary.CreateDecompressor();
        if (context == 0)
            throw new OutOfMemoryException("zstd has no memory for a context");
        ZstdLibrary.Check(isCompressor
            ? ZstdLibrary.SetCompressor(context, ZstdLibrary.CompressionLevel, Level)
            : ZstdLibrary.SetDecompressor(context, ZstdLibrary.WindowLogMax, WindowLog));
    }

    ~ZstdContext() => Free();

    /// <summary>Borrows a compressor; disposing gives it back.</summary>
    public static ZstdContext Compressor() => compressors.TryDequeue(out ZstdContext? context) ? context : new ZstdContext(isCompressor: true);

    /// <summary>Borrows a decompressor; disposing gives it back.</summary>
    public static ZstdContext Decompressor() => decompressors.TryDequeue(out ZstdContext? context) ? context : new ZstdContext(isCompressor: false);

    /// <summary>Takes input and gives output, as much of both as goes.</summary>
    /// <param name="input">What is there.</param>
    /// <param name="output">Room.</param>
    /// <param name="isLast">A compressor is told that the frame ends with this input.</param>
    /// <param name="consumed">Bytes of the input that were taken.</param>
    /// <param name="written">Bytes of the output that were filled.</param>
    /// <returns>True if nothing is left to be given: for a compressor of the input so far, for a decompressor of the frame.</returns>
    /// <exception cref="InvalidDataException">A decompressor was given what is no zstd frame, or one that takes too much memory.</exception>
    public bool Run(ReadOnlySpan<byte> input, Span<byte> output, bool isLast, out int consumed, out int written)
    {
        fixed (byte* from = input, to = output)
        {
            var source = new ZstdLibrary.Buffer { Start = from, Length = (nuint)input.Length };
            var target = new ZstdLibrary.Buffer { Start = to, Length = (nuint)output.Length };
            nuint left = ZstdLibrary.Check(isCompressor
                ? ZstdLibrary.Compress(context, ref target, ref source, isLast ? ZstdLibrary.End : ZstdLibrary.Continue)
                : ZstdLibrary.Decompress(context, ref target, ref source));
            consumed = (int)source.Position;
            written = (int)target.Position;
            GC.KeepAlive(this);
            return isCompressor && !isLast ? consumed == input.Length : left == 0;
        }
    }

    /// <summary>Gives it back, for another stream.</summary>
    public void Dispose()
    {
        ConcurrentQueue<ZstdContext> pool = isCompressor ? compressors : decompressors;
        nuint result = isCompressor ? ZstdLibrary.ResetCompressor(context, ZstdLibrary.ResetSession) : ZstdLibrary.ResetDecompressor(context, ZstdLibrary.ResetSession);
        bool isLarge = !isCompressor && ZstdLibrary.SizeOfDecompressor(context) > LargestPooled;
        if (result == 0 && !isLarge && pool.Count < Pooled)
        {
            pool.Enqueue(this);
            return;
        }

        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        nint owned = Interlocked.Exchange(ref context, 0);
        if (owned != 0)
            _ = isCompressor ? ZstdLibrary.FreeCompressor(owned) : ZstdLibrary.FreeDecompressor(owned); // nothing could be done about a failure
    }
}
