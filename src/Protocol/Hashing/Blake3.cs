using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace RemoteExec.Protocol.Hashing;

/// <summary>The parts that BLAKE3 (O'Connor, Aumasson, Neves, Wilcox-O'Hearn: "BLAKE3, one function, fast everywhere") is made of, one block at a time.</summary>
internal static class Blake3
{
    /// <summary>The length of a block in bytes.</summary>
    public const int BlockBytes = 64;

    /// <summary>The length of a chunk, a leaf of the tree, in bytes.</summary>
    public const int ChunkBytes = 1024;

    /// <summary>The length of a chaining value, and of a hash, in bytes.</summary>
    public const int ValueBytes = 32;

    /// <summary>Flags of a block: the first and the last of a chunk, a parent, the root.</summary>
    public const uint ChunkStart = 1, ChunkEnd = 2, Parent = 4, Root = 8;

    /// <summary>The number of rounds.</summary>
    public const int Rounds = 7;

    /// <summary>The initial chaining value, which is that of SHA-256.</summary>
    public static ReadOnlySpan<uint> InitialValue => [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

    /// <summary>The order of the message words in each of the rounds: the permutation of the specification, applied again and again.</summary>
    public static ReadOnlySpan<byte> Schedule =>
    [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
        2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8,
        3, 4, 10, 12, 13, 2, 7, 14, 6, 5, 9, 0, 11, 15, 8, 1,
        10, 7, 12, 9, 14, 3, 13, 15, 4, 0, 11, 2, 5, 8, 1, 6,
        12, 13, 9, 11, 15, 10, 14, 8, 7, 2, 5, 3, 0, 1, 6, 4,
        9, 14, 11, 5, 8, 12, 15, 1, 13, 3, 0, 10, 2, 6, 4, 7,
        11, 15, 5, 0, 1, 9, 8, 6, 14, 10, 2, 12, 3, 4, 7, 13,
    ];

    /// <summary>Hashes a chunk: up to <see cref="ChunkBytes"/> bytes, none only if it is all there is.</summary>
    /// <param name="chunk">The content.</param>
    /// <param name="number">The number of the chunk in the content, from 0.</param>
    /// <param name="rootFlag"><see cref="Root"/> if it is the only chunk, else 0.</param>
    /// <param name="destination">Where the chaining value goes.</param>
    public static void HashChunk(ReadOnlySpan<byte> chunk, ulong number, uint rootFlag, Span<byte> destination)
    {
        Span<uint> value = stackalloc uint[8];
        InitialValue.CopyTo(value);
        Span<byte> padded = stackalloc byte[BlockBytes];
        uint flags = ChunkStart;
        for (; chunk.Length > BlockBytes; chunk = chunk[BlockBytes..], flags = 0)
            Compress(value, chunk[..BlockBytes], number, BlockBytes, flags);
        padded.Clear();
        chunk.CopyTo(padded);
        Compress(value, padded, number, (uint)chunk.Length, flags | ChunkEnd | rootFlag);
        Store(value, destination);
    }

    /// <summary>Joins two nodes.</summary>
    /// <param name="left">The left chaining value.</param>
    /// <param name="right">The right one.</param>
    /// <param name="rootFlag"><see cref="Root"/> if they cover all content, else 0.</param>
    /// <param name="destination">Where the parent's goes; may be one of theirs.</param>
    public static void HashParent(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, uint rootFlag, Span<byte> destination)
    {
        Span<uint> value = stackalloc uint[8];
        InitialValue.CopyTo(value);
        Span<byte> block = stackalloc byte[BlockBytes];
        left.CopyTo(block);
        right.CopyTo(block[ValueBytes..]);
        Compress(value, block, 0, BlockBytes, Parent | rootFlag);
        Store(value, destination);
    }

    private static void Store(ReadOnlySpan<uint> value, Span<byte> destination)
    {
        for (int i = 0; i < value.Length; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(destination[(4 * i)..], value[i]);
    }

    /// <summary>The block function, on the four rows of the state: a round mixes the columns, then, with rows 1 to 3 turned against each other, the diagonals.</summary>
    private static void Compress(Span<uint> value, ReadOnlySpan<byte> block, ulong counter, uint length, uint flags)
    {
        Span<uint> words = stackalloc uint[16];
        for (int i = 0; i < 16; i++)
            words[i] = BinaryPrimitives.ReadUInt32LittleEndian(block[(4 * i)..]);

        Vector128<uint> a = Vector128.Create<uint>(value[..4]), b = Vector128.Create<uint>(value[4..]);
        Vector128<uint> c = Vector128.Create<uint>(InitialValue[..4]), d = Vector128.Create((uint)counter, (uint)(counter >> 32), length, flags);
        ref uint word = ref MemoryMarshal.GetReference(words); // 16 of them, and the schedule says nothing above 15
        ref byte order = ref MemoryMarshal.GetReference(Schedule);
        for (int round = 0; round < Rounds; round++, order = ref Unsafe.Add(ref order, 16))
        {
            Mix(ref a, ref b, ref c, ref d, Pick(ref word, ref order, 0), Pick(ref word, ref order, 1));
            b = Vector128.Shuffle(b, Vector128.Create(1u, 2, 3, 0));
            c = Vector128.Shuffle(c, Vector128.Create(2u, 3, 0, 1));
            d = Vector128.Shuffle(d, Vector128.Create(3u, 0, 1, 2));
            Mix(ref a, ref b, ref c, ref d, Pick(ref word, ref order, 8), Pick(ref word, ref order, 9));
            b = Vector128.Shuffle(b, Vector128.Create(3u, 0, 1, 2));
            c = Vector128.Shuffle(c, Vector128.Create(2u, 3, 0, 1));
            d = Vector128.Shuffle(d, Vector128.Create(1u, 2, 3, 0));
        }

        (a ^ c).CopyTo(value);
        (b ^ d).CopyTo(value[4..]);
    }

    /// <summary>Every second of eight words that come next.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> Pick(ref uint words, ref byte order, int first) => Vector128.Create(
        Unsafe.Add(ref words, (nuint)Unsafe.Add(ref order, first)), Unsafe.Add(ref words, (nuint)Unsafe.Add(ref order, first + 2)),
        Unsafe.Add(ref words, (nuint)Unsafe.Add(ref order, first + 4)), Unsafe.Add(ref words, (nuint)Unsafe.Add(ref order, first + 6)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mix(ref Vector128<uint> a, ref Vector128<uint> b, ref Vector128<uint> c, ref Vector128<uint> d, Vector128<uint> x, Vector128<uint> y)
    {
        a = a + b + x;
        d = Rotate(d ^ a, 16);
        c += d;
        b = Rotate(b ^ c, 12);
        a = a + b + y;
        d = Rotate(d ^ a, 8);
        c += d;
        b = Rotate(b ^ c, 7);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> Rotate(Vector128<uint> a, [ConstantExpected] byte count) =>
        Avx512F.VL.IsSupported ? Avx512F.VL.RotateRight(a, count) : (a >>> count) | (a << (32 - count));
}
