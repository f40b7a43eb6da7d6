using System.Runtime.InteropServices;

namespace RemoteExec.Benchmarks.Compression;

/// <summary>libzstd as it is, all at once: what streams are compared with.</summary>
internal static partial class PlainZstd
{
    private const string Library = "libzstd.so.1";

    /// <summary>The most that content of a length may take.</summary>
    public static int Bound(int length) => (int)ZSTD_compressBound((nuint)length);

    /// <summary>Compresses, and returns the length.</summary>
    public static int Compress(Span<byte> destination, ReadOnlySpan<byte> source, int level) =>
        Check(ZSTD_compress(destination, (nuint)destination.Length, source, (nuint)source.Length, level));

    /// <summary>Decompresses, and returns the length.</summary>
    public static int Decompress(Span<byte> destination, ReadOnlySpan<byte> source) =>
        Check(ZSTD_decompress(destination, (nuint)destination.Length, source, (nuint)source.Length));

    private static int Check(nuint result) => ZSTD_isError(result) == 0 ? (int)result : throw new InvalidOperationException("zstd failed");

    [LibraryImport(Library)]
    private static partial nuint ZSTD_compressBound(nuint length);

    [LibraryImport(Library)]
    private static partial nuint ZSTD_compress(Span<byte> destination, nuint capacity, ReadOnlySpan<byte> source, nuint length, int level);

    [LibraryImport(Library)]
    private static partial nuint ZSTD_decompress(Span<byte> destination, nuint capacity, ReadOnlySpan<byte> source, nuint length);

    [LibraryImport(Library)]
    private static partial uint ZSTD_isError(nuint result);
}
