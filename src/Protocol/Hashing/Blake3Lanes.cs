using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace RemoteExec.Protocol.Hashing;

/// <summary>BLAKE3's block function for as many chunks, or parents, at once as a vector has lanes.</summary>
/// <typeparam name="TWords">The operations of the vectors.</typeparam>
/// <typeparam name="TVector">The vectors.</typeparam>
internal static class Blake3Lanes<TWords, TVector>
    where TWords : IBlake3Words<TVector>
    where TVector : unmanaged
{
    /// <summary>Hashes whole chunks that follow each other, none of them the root: as many as there are lanes.</summary>
    /// <param name="chunks">Their content.</param>
    /// <param name="number">The number of the first.</param>
    /// <param name="destination">Where the chaining values go, one behind the other.</param>
    public static void HashChunks(ReadOnlySpan<byte> chunks, ulong number, Span<byte> destination) =>
        Hash(chunks, Blake3.ChunkBytes, number, isCounted: true, Blake3.ChunkStart, Blake3.ChunkEnd, destination);

    /// <summary>Joins pairs of nodes, none of them the root: as many as there are lanes.</summary>
    public static void HashParents(ReadOnlySpan<byte> pairs, Span<byte> destination) =>
        Hash(pairs, Blake3.BlockBytes, 0, isCounted: false, Blake3.Parent, 0, destination);

    private static void Hash(
        ReadOnlySpan<byte> content, int stride, ulong number, bool isCounted, uint firstFlag, uint lastFlag, Span<byte> destination)
    {
        int lanes = TWords.Lanes;
        Span<uint> counters = stackalloc uint[2 * lanes];
        for (int lane = 0; lane < lanes; lane++)
        {
            ulong counter = isCounted ? number + (uint)lane : 0;
            counters[lane] = (uint)counter;
            counters[lanes + lane] = (uint)(counter >> 32);
        }

        TVector low = TWords.From(counters[..lanes]), high = TWords.From(counters[lanes..]);
        Span<TVector> value = stackalloc TVector[8];
        for (int i = 0; i < 8; i++)
            value[i] = TWords.Same(Blake3.InitialValue[i]);
        Span<TVector> words = stackalloc TVector[16];
        ref byte first = ref MemoryMarshal.GetReference(content);
        for (int offset = 0; offset < stride; offset += Blake3.BlockBytes)
        {
            uint flags = (offset == 0 ? firstFlag : 0) | (offset + Blake3.BlockBytes == stride ? lastFlag : 0);
            TWords.LoadBlocks(in Unsafe.Add(ref first, offset), stride, words);
            Compress(value, words, low, high, flags);
        }

        ReadOnlySpan<uint> transposed = MemoryMarshal.Cast<TVector, uint>(value);
        Span<uint> result = MemoryMarshal.Cast<byte, uint>(destination);
        for (int lane = 0; lane < lanes; lane++)
        {
            for (int word = 0; word < 8; word++)
                result[8 * lane + word] = transposed[lanes * word + lane];
        }
    }

    private static void Compress(Span<TVector> value, ReadOnlySpan<TVector> words, TVector low, TVector high, uint flags)
    {
        TVector v0 = value[0], v1 = value[1], v2 = value[2], v3 = value[3], v4 = value[4], v5 = value[5], v6 = value[6], v7 = value[7];
        TVector v8 = TWords.Same(Blake3.InitialValue[0]), v9 = TWords.Same(Blake3.InitialValue[1]);
        TVector v10 = TWords.Same(Blake3.InitialValue[2]), v11 = TWords.Same(Blake3.InitialValue[3]);
        TVector v12 = low, v13 = high, v14 = TWords.Same(Blake3.BlockBytes), v15 = TWords.Same(flags);

        ref TVector word = ref MemoryMarshal.GetReference(words); // 16 of them, and the schedule says nothing above 15
        ref byte order = ref MemoryMarshal.GetReference(Blake3.Schedule);
        for (int round = 0; round < Blake3.Rounds; round++, order = ref Unsafe.Add(ref order, 16))
        {
            Mix(ref v0, ref v4, ref v8, ref v12, Pick(ref word, ref order, 0), Pick(ref word, ref order, 1));
            Mix(ref v1, ref v5, ref v9, ref v13, Pick(ref word, ref order, 2), Pick(ref word, ref order, 3));
            Mix(ref v2, ref v6, ref v10, ref v14, Pick(ref word, ref order, 4), Pick(ref word, ref order, 5));
            Mix(ref v3, ref v7, ref v11, ref v15, Pick(ref word, ref order, 6), Pick(ref word, ref order, 7));
            Mix(ref v0, ref v5, ref v10, ref v15, Pick(ref word, ref order, 8), Pick(ref word, ref order, 9));
            Mix(ref v1, ref v6, ref v11, ref v12, Pick(ref word, ref order, 10), Pick(ref word, ref order, 11));
            Mix(ref v2, ref v7, ref v8, ref v13, Pick(ref word, ref order, 12), Pick(ref word, ref order, 13));
            Mix(ref v3, ref v4, ref v9, ref v14, Pick(ref word, ref order, 14), Pick(ref word, ref order, 15));
        }

        value[0] = TWords.Xor(v0, v8);
        value[1] = TWords.Xor(v1, v9);
        value[2] = TWords.Xor(v2, v10);
        value[3] = TWords.Xor(v3, v11);
        value[4] = TWords.Xor(v4, v12);
        value[5] = TWords.Xor(v5, v13);
        value[6] = TWords.Xor(v6, v14);
        value[7] = TWords.Xor(v7, v15);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Pick(ref TVector words, ref byte order, int index) => Unsafe.Add(ref words, (nuint)Unsafe.Add(ref order, index));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mix(ref TVector a, ref TVector b, ref TVector c, ref TVector d, TVector x, TVector y)
    {
        a = TWords.Add(TWords.Add(a, b), x);
        d = TWords.Rotate(TWords.Xor(d, a), 16);
        c = TWords.Add(c, d);
        b = TWords.Rotate(TWords.Xor(b, c), 12);
        a = TWords.Add(TWords.Add(a, b), y);
        d = TWords.Rotate(TWords.Xor(d, a), 8);
        c = TWords.Add(c, d);
        b = TWords.Rotate(TWords.Xor(b, c), 7);
    }
}
