using System.Runtime.InteropServices;

namespace RemoteExec.Cas.Compression;

/// <summary>
/// The functions of libzstd that are used here. The library belongs to the base system of every common distribution; where it is absent, zstd is not offered.
/// Pointers are to memory that the caller keeps until the call returns.
/// </summary>
internal static unsafe partial class ZstdLibrary
{
    /// <summary>The parameters of ZSTD_CCtx_setParameter and ZSTD_DCtx_setParameter that are set.</summary>
    public const int CompressionLevel = 100, WindowLogMax = 100;

    /// <summary>The directives of ZSTD_compressStream2: more follows, or the frame ends.</summary>
    public const int Continue = 0, End = 2;

    /// <summary>The argument of the reset functions: keep the parameters.</summary>
    public const int ResetSession = 1;

    private const string Library = "libzstd.so.1";

    /// <summary>True if the library is there.</summary>
    public static bool IsAvailable { get; } = NativeLibrary.TryLoad(Library, out _);

    /// <summary>Throws if a result is an error.</summary>
    /// <exception cref="InvalidDataException">It is; the message is the library's.</exception>
    public static nuint Check(nuint result) =>
        IsError(result) == 0 ? result : throw new InvalidDataException($"zstd: {Marshal.PtrToStringUTF8(GetErrorName(result))}");

    [LibraryImport(Library, EntryPoint = "ZSTD_createCCtx")]
    public static partial nint CreateCompressor();

    [LibraryImport(Library, EntryPoint = "ZSTD_freeCCtx")]
    public static partial nuint FreeCompressor(nint context);

    [LibraryImport(Library, EntryPoint = "ZSTD_CCtx_reset")]
    public static partial nuint ResetCompressor(nint context, int directive);

    [LibraryImport(Library, EntryPoint = "ZSTD_CCtx_setParameter")]
    public static partial nuint SetCompressor(nint context, int parameter, int value);

    [LibraryImport(Library, EntryPoint = "ZSTD_compressStream2")]
    public static partial nuint Compress(nint context, ref Buffer output, ref Buffer input, int directive);

    [LibraryImport(Library, EntryPoint = "ZSTD_createDCtx")]
    public static partial nint CreateDecompressor();

    [LibraryImport(Library, EntryPoint = "ZSTD_freeDCtx")]
    public static partial nuint FreeDecompressor(nint context);

    /// <summary>The memory that a decompressor has, in bytes: its window among others.</summary>
    [LibraryImport(Library, EntryPoint = "ZSTD_sizeof_DCtx")]
    public static partial nuint SizeOfDecompressor(nint context);

    [LibraryImport(Library, EntryPoint = "ZSTD_DCtx_reset")]
    public static partial nuint ResetDecompressor(nint context, int directive);

    [LibraryImport(Library, EntryPoint = "ZSTD_DCtx_setParameter")]
    public static partial nuint SetDecompressor(nint context, int parameter, int value);

    [LibraryImport(Library, EntryPoint = "ZSTD_decompressStream")]
    public static partial nuint Decompress(nint context, ref Buffer output, ref Buffer input);

    [LibraryImport(Library, EntryPoint = "ZSTD_isError")]
    private static partial uint IsError(nuint result);

    [LibraryImport(Library, EntryPoint = "ZSTD_getErrorName")]
    private static partial nint GetErrorName(nuint result);

    /// <summary>ZSTD_inBuffer and ZSTD_outBuffer: memory, its length, and how far it is used.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Buffer
    {
        public byte* Start;
        public nuint Length;
        public nuint Position;
    }
}
