using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace RemoteExec.Protocol.Hashing;

/// <summary>What BLAKE3 does to a 32-bit word, done to the words of many lanes at once.</summary>
/// <typeparam name="TVector">One word of each lane.</typeparam>
internal interface IBlake3Words<TVector>
    where TVector : unmanaged
{
    /// <summary>The number of lanes.</summary>
    static abstract int Lanes { get; }

    /// <summary>The same word for each lane.</summary>
    static abstract TVector Same(uint word);

    /// <summary>One word for each lane.</summary>
    static abstract TVector From(ReadOnlySpan<uint> words);

    /// <summary>a + b.</summary>
    static abstract TVector Add(TVector a, TVector b);

    /// <summary>a ^ b.</summary>
    static abstract TVector Xor(TVector a, TVector b);

    /// <summary>Rotates to the right by 16, 12, 8 or 7.</summary>
    static abstract TVector Rotate(TVector a, [ConstantExpected] byte count);

    /// <summary>Loads a block of 64 bytes for each lane: <paramref name="words"/> gets the 16 words of all of them.</summary>
    /// <param name="first">The first byte of the first lane's block.</param>
    /// <param name="stride">The distance of the blocks in bytes.</param>
    /// <param name="words">Where the words go.</param>
    static abstract void LoadBlocks(ref readonly byte first, int stride, Span<TVector> words);
}

/// <summary>16 lanes, with AVX-512.</summary>
internal readonly struct Blake3Words512 : IBlake3Words<Vector512<uint>>
{
    public static int Lanes => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Same(uint word) => Vector512.Create(word);

    public static Vector512<uint> From(ReadOnlySpan<uint> words) => Vector512.Create(words);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Add(Vector512<uint> a, Vector512<uint> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Xor(Vector512<uint> a, Vector512<uint> b) => a ^ b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Rotate(Vector512<uint> a, [ConstantExpected] byte count) => Avx512F.RotateRight(a, count);

    public static void LoadBlocks(ref readonly byte first, int stride, Span<Vector512<uint>> words)
    {
        // Rows are transposed in groups of four within the 128-bit quarters, then the quarters among the groups.
        Span<Vector512<uint>> quarters = stackalloc Vector512<uint>[16];
        for (int group = 0; group < 4; group++)
        {
            Vector512<uint> r0 = Row(in first, stride, 4 * group), r1 = Row(in first, stride, 4 * group + 1);
            Vector512<uint> r2 = Row(in first, stride, 4 * group + 2), r3 = Row(in first, stride, 4 * group + 3);
            Vector512<ulong> low01 = Avx512F.UnpackLow(r0, r1).AsUInt64(), high01 = Avx512F.UnpackHigh(r0, r1).AsUInt64();
            Vector512<ulong> low23 = Avx512F.UnpackLow(r2, r3).AsUInt64(), high23 = Avx512F.UnpackHigh(r2, r3).AsUInt64();
            quarters[group] = Avx512F.UnpackLow(low01, low23).AsUInt32();
            quarters[4 + group] = Avx512F.UnpackHigh(low01, low23).AsUInt32();
            quarters[8 + group] = Avx512F.UnpackLow(high01, high23).AsUInt32();
            quarters[12 + group] = Avx512F.UnpackHigh(high01, high23).AsUInt32();
        }

        const byte Even = 0x88, Odd = 0xdd; // quarters 0 and 2, or 1 and 3, of both operands
        for (int k = 0; k < 4; k++)
        {
            Vector512<uint> g0 = quarters[4 * k], g1 = quarters[4 * k + 1], g2 = quarters[4 * k + 2], g3 = quarters[4 * k + 3];
            Vector512<uint> even01 = Avx512F.Shuffle4x128(g0, g1, Even), even23 = Avx512F.Shuffle4x128(g2, g3, Even);
            Vector512<uint> odd01 = Avx512F.Shuffle4x128(g0, g1, Odd), odd23 = Avx512F.Shuffle4x128(g2, g3, Odd);
            words[k] = Avx512F.Shuffle4x128(even01, even23, Even);
            words[4 + k] = Avx512F.Shuffle4x128(odd01, odd23, Even);
            words[8 + k] = Avx512F.Shuffle4x128(even01, even23, Odd);
            words[12 + k] = Avx512F.Shuffle4x128(odd01, odd23, Odd);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Row(ref readonly byte first, int stride, int lane) =>
        Vector512.LoadUnsafe(in first, (nuint)(stride * lane)).AsUInt32();
}

/// <summary>8 lanes, with AVX2.</summary>
internal readonly struct Blake3Words256 : IBlake3Words<Vector256<uint>>
{
    public static int Lanes => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> Same(uint word) => Vector256.Create(word);

    public static Vector256<uint> From(ReadOnlySpan<uint> words) => Vector256.Create(words);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> Add(Vector256<uint> a, Vector256<uint> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> Xor(Vector256<uint> a, Vector256<uint> b) => a ^ b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> Rotate(Vector256<uint> a, [ConstantExpected] byte count) => count switch
    {
        16 => Avx2.Shuffle(a.AsByte(), Vector256.Create((byte)2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13)).AsUInt32(),
        8 => Avx2.Shuffle(a.AsByte(), Vector256.Create((byte)1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12, 1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12)).AsUInt32(),
        _ => (a >>> count) | (a << (32 - count)),
    };

    public static void LoadBlocks(ref readonly byte first, int stride, Span<Vector256<uint>> words)
    {
        for (int half = 0; half < 2; half++)
            LoadHalves(in Unsafe.Add(ref Unsafe.AsRef(in first), 32 * half), stride, words.Slice(8 * half, 8));
    }

    private static void LoadHalves(ref readonly byte first, int stride, Span<Vector256<uint>> words)
    {
        Span<Vector256<uint>> quarters = stackalloc Vector256<uint>[8];
        for (int group = 0; group < 2; group++)
        {
            Vector256<uint> r0 = Row(in first, stride, 4 * group), r1 = Row(in first, stride, 4 * group + 1);
            Vector256<uint> r2 = Row(in first, stride, 4 * group + 2), r3 = Row(in first, stride, 4 * group + 3);
            Vector256<ulong> low01 = Avx2.UnpackLow(r0, r1).AsUInt64(), high01 = Avx2.UnpackHigh(r0, r1).AsUInt64();
            Vector256<ulong> low23 = Avx2.UnpackLow(r2, r3).AsUInt64(), high23 = Avx2.UnpackHigh(r2, r3).AsUInt64();
            quarters[group] = Avx2.UnpackLow(low01, low23).AsUInt32();
            quarters[2 + group] = Avx2.UnpackHigh(low01, low23).AsUInt32();
            quarters[4 + group] = Avx2.UnpackLow(high01, high23).AsUInt32();
            quarters[6 + group] = Avx2.UnpackHigh(high01, high23).AsUInt32();
        }

        const byte LowHalves = 0x20, HighHalves = 0x31;
        for (int k = 0; k < 4; k++)
        {
            words[k] = Avx2.Permute2x128(quarters[2 * k], quarters[2 * k + 1], LowHalves);
            words[4 + k] = Avx2.Permute2x128(quarters[2 * k], quarters[2 * k + 1], HighHalves);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Row(ref readonly byte first, int stride, int lane) =>
        Vector256.LoadUnsafe(in first, (nuint)(stride * lane)).AsUInt32();
}
