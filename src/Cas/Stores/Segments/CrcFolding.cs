using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>
/// CRC-32C of long content by carry-less multiplication: 256 bytes at a time with vectors of 512 bits, or 64 with those of 128.
/// </summary>
/// <remarks>
/// Content is a polynomial over GF(2), and 128 bits of it, A, that stand n bits before others may be replaced by A·(xⁿ mod P), xor-ed into those: the remainder by P
/// stays the same. So content is folded on itself until a few vectors are left, of which the processor's CRC instruction makes the rest. Bits are reflected, as this
/// CRC is: the lowest bit is the coefficient of the highest power, and a product comes out multiplied by x, for which the constants make up.
/// </remarks>
internal static class CrcFolding
{
    private const uint Polynomial = 0x82F63B78; // without x³², reflected
    private const int Lanes = 4; // vectors folded side by side, as a multiplication takes some cycles

    private static readonly Vector128<ulong> past64Bytes = PastBytes(64);
    private static readonly Vector128<ulong> past256Bytes = PastBytes(256);

    /// <summary>The shortest content that it takes, in bytes.</summary>
    public const int MinBytes = 512;

    /// <summary>False if this processor can't do it.</summary>
    public static bool IsSupported => Pclmulqdq.IsSupported && Sse42.X64.IsSupported;

    /// <summary>Runs a CRC register through content as far as it goes, at least <see cref="MinBytes"/>; returns how many bytes are left for others.</summary>
    public static int Append(ref uint register, ReadOnlySpan<byte> content) => Pclmulqdq.V512.IsSupported
        ? AppendWide(ref register, content)
        : AppendNarrow(ref register, content);

    internal static int AppendWide(ref uint register, ReadOnlySpan<byte> content)
    {
        ReadOnlySpan<Vector512<ulong>> vectors = MemoryMarshal.Cast<byte, Vector512<ulong>>(content);
        Vector512<ulong> factors = Vector512.Create(Vector256.Create(past256Bytes, past256Bytes), Vector256.Create(past256Bytes, past256Bytes));
        Vector512<ulong> a = vectors[0] ^ Vector512.CreateScalar((ulong)register), b = vectors[1], c = vectors[2], d = vectors[3];
        for (vectors = vectors[Lanes..]; vectors.Length >= Lanes; vectors = vectors[Lanes..])
        {
            a = Fold(a, factors, vectors[0]);
            b = Fold(b, factors, vectors[1]);
            c = Fold(c, factors, vectors[2]);
            d = Fold(d, factors, vectors[3]);
        }

        register = Remainder([a, b, c, d]);
        return content.Length % (Lanes * Vector512<byte>.Count);
    }

    internal static int AppendNarrow(ref uint register, ReadOnlySpan<byte> content)
    {
        ReadOnlySpan<Vector128<ulong>> vectors = MemoryMarshal.Cast<byte, Vector128<ulong>>(content);
        Vector128<ulong> factors = past64Bytes;
        Vector128<ulong> a = vectors[0] ^ Vector128.CreateScalar((ulong)register), b = vectors[1], c = vectors[2], d = vectors[3];
        for (vectors = vectors[Lanes..]; vectors.Length >= Lanes; vectors = vectors[Lanes..])
        {
            a = Fold(a, factors, vectors[0]);
            b = Fold(b, factors, vectors[1]);
            c = Fold(c, factors, vectors[2]);
            d = Fold(d, factors, vectors[3]);
        }

        register = Remainder([a, b, c, d]);
        return content.Length % (Lanes * Vector128<byte>.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Fold(Vector512<ulong> earlier, Vector512<ulong> factors, Vector512<ulong> later) =>
        Pclmulqdq.V512.CarrylessMultiply(earlier, factors, 0x00) ^ Pclmulqdq.V512.CarrylessMultiply(earlier, factors, 0x11) ^ later;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Fold(Vector128<ulong> earlier, Vector128<ulong> factors, Vector128<ulong> later) =>
        Pclmulqdq.CarrylessMultiply(earlier, factors, 0x00) ^ Pclmulqdq.CarrylessMultiply(earlier, factors, 0x11) ^ later;

    private static uint Remainder<T>(ReadOnlySpan<T> vectors)
        where T : struct
    {
        uint register = 0;
        foreach (ulong word in MemoryMarshal.Cast<T, ulong>(vectors))
            register = BitOperations.Crc32C(register, word);
        return register;
    }

    /// <summary>The factors that take the lower and the upper half of 128 bits past so many bytes. The lower half has the higher powers.</summary>
    private static Vector128<ulong> PastBytes(int bytes) => Vector128.Create(Power((8 * bytes) + 64), Power(8 * bytes));

    private static ulong Power(int exponent)
    {
        uint power = 0x80000000; // 1
        for (int i = 1; i < exponent; i++)
            power = (power >> 1) ^ ((power & 1) * Polynomial);
        return (ulong)power << 32;
    }
}
