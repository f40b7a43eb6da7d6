using RemoteExec.Cas.Chunking;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Chunking;

public sealed class FastCdcTests
{
    public static TheoryData<int, int, int, uint, int, int[]> Vectors { get; } = new()
    {
        { 4096, 16384, 65535, 0, 300_000, [20385, 5709, 39380, 17176, 17852, 19100, 21828, 16736, 24105, 8021, 18215, 16551, 25221, 17503, 24768, 7450] },
        { 4096, 16384, 65535, 666, 300_000, [24344, 23854, 18271, 25705, 23175, 6607, 19893, 17704, 17668, 20805, 7412, 18854, 15059, 17357, 12257, 23418, 7617] },
        { 256, 1024, 4096, 0, 20_000, [1137, 748, 386, 1299, 2873, 1150, 1047, 1019, 1226, 1094, 1291, 1261, 1045, 1098, 1036, 1178, 1112] },
        { 131_072, 524_288, 2_097_152, 0, 4_000_000, [636_453, 524_370, 867_590, 645_584, 994_523, 331_480] },
        { 262_144, 1_048_576, 4_194_304, 0, 4_000_000, [1_060_960, 1_067_897, 1_539_663, 331_480] },
    };

    // The lengths are those of an independent program, which was checked against the published vectors.
    [Theory]
    [Rule("CAS-38")]
    [MemberData(nameof(Vectors))]
    public void It_cuts_where_others_do(int min, int average, int max, uint seed, int length, int[] expected) =>
        Assert.Equal(expected, Lengths(new FastCdc(min, average, max, seed), XorShift.Content(length)));

    [Fact]
    [Rule("CAS-38")]
    public void The_sizes_follow_from_the_average()
    {
        var chunker = new FastCdc(524_288, seed: 0);

        Assert.Equal((131_072, 524_288, 2_097_152), (chunker.MinBytes, chunker.AverageBytes, chunker.MaxBytes));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(256)]
    [InlineData(257)]
    public void Short_content_is_one_chunk(int length) => Assert.Equal(length, new FastCdc(1024, 0).FirstChunk(XorShift.Content(length)));

    [Fact]
    public void Content_without_any_variety_is_cut_at_the_longest() => Assert.Equal([4096, 4096, 1808], Lengths(new FastCdc(1024, 0), new byte[10_000]));

    [Fact]
    [Rule("CAS-31")]
    public void A_change_moves_few_ends()
    {
        byte[] content = XorShift.Content(1_000_000);
        byte[] changed = [.. content[..500_000], 1, 2, 3, .. content[500_000..]];
        var chunker = new FastCdc(4096, 0);

        HashSet<string> before = [.. Chunks(chunker, content)];
        int fresh = Chunks(chunker, changed).Count(chunk => !before.Contains(chunk));

        Assert.InRange(before.Count, 200, 300);
        Assert.InRange(fresh, 1, 5);
    }

    private static IEnumerable<string> Chunks(FastCdc chunker, byte[] content)
    {
        int start = 0;
        foreach (int length in Lengths(chunker, content))
        {
            yield return TestBlob.Of(content[start..(start + length)]).Digest.Hash;
            start += length;
        }
    }

    private static List<int> Lengths(FastCdc chunker, ReadOnlySpan<byte> content)
    {
        var lengths = new List<int>();
        for (; !content.IsEmpty; content = content[lengths[^1]..])
            lengths.Add(chunker.FirstChunk(content));
        return lengths;
    }
}
