using RemoteExec.Cas.Chunking;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Chunking;

public sealed class RepMaxCdcTests
{
    public static TheoryData<int, int, int, int[]> Vectors { get; } = new()
    {
        { 64, 0, 300, [64, 64, 64, 108] },
        { 64, 64, 2000, [102, 64, 83, 77, 108, 90, 96, 90, 82, 70, 90, 101, 123, 117, 113, 93, 111, 86, 91, 68, 69, 76] },
        { 100, 333, 4000, [102, 147, 133, 142, 135, 185, 108, 143, 108, 107, 189, 197, 159, 122, 105, 114, 134, 126, 116, 140, 143, 121, 103, 132, 126, 112, 101, 121, 119, 101, 109] },
        {
            64, 100_000, 4000,
            [
                102, 73, 74, 77, 108, 90, 67, 68, 64, 69, 70, 90, 73, 70, 108, 107, 96, 93, 111, 86, 91, 68, 122, 105, 85, 82, 81, 126, 79, 89, 88, 74, 69, 121, 81, 89, 65, 126,
                64, 65, 84, 121, 119, 118, 92,
            ]
        },
        {
            1024, 8192, 60_000,
            [
                1406, 1050, 1040, 1032, 1339, 1624, 1799, 1148, 1035, 1052, 1098, 1365, 1294, 1344, 1239, 1384, 1026, 1024, 1375, 1352, 1257, 1157, 1033, 1030, 1049, 1526,
                1246, 1667, 1484, 1175, 1026, 1025, 1717, 1956, 1991, 1918, 1989, 1087, 1290, 1179, 1899, 1325, 1284, 1610, 1054,
            ]
        },
        { 4096, 4096, 100_000, [5867, 4571, 7188, 4673, 7503, 6673, 6899, 5898, 6780, 6067, 4648, 6054, 6645, 5282, 7008, 4148, 4096] },
    };

    // The lengths are those of another program, in another language, that looks at every place again for each chunk.
    [Theory]
    [Rule("CAS-39")]
    [MemberData(nameof(Vectors))]
    public void It_cuts_as_it_is_defined(int min, int horizon, int length, int[] expected) =>
        Assert.Equal(expected, Lengths(new RepMaxCdc(min, horizon), XorShift.Content(length)));

    [Fact]
    [Rule("CAS-39")]
    public void It_cuts_as_it_is_defined_whatever_the_content()
    {
        var random = new Random(1);
        for (int round = 0; round < 300; round++)
        {
            // Content of few different bytes repeats itself, and its hashes are often equal.
            int alphabet = random.Next(1, 5), min = random.Next(64, 200), horizon = random.Next(3) * random.Next(1000);
            byte[] content = [.. Enumerable.Range(0, random.Next(4000)).Select(_ => (byte)random.Next(alphabet))];

            Assert.Equal(Defined(content, min, horizon), Lengths(new RepMaxCdc(min, horizon), content));
        }
    }

    [Theory]
    [Rule("CAS-39")]
    [InlineData(1, new[] { 1 })]
    [InlineData(127, new[] { 127 })]
    [InlineData(128, new[] { 64, 64 })]
    public void Short_content_is_one_chunk(int length, int[] expected) => Assert.Equal(expected, Lengths(new RepMaxCdc(64, 512), new byte[length]));

    [Fact]
    [Rule("CAS-39")]
    public void Chunks_keep_to_their_bounds_and_to_their_average()
    {
        List<int> lengths = Lengths(new RepMaxCdc(1024, 8192), XorShift.Content(2_000_000));

        Assert.All(lengths, length => Assert.InRange(length, 1024, 2047));
        Assert.InRange(lengths.Average(), 1024 / 0.80, 1024 / 0.70);
    }

    [Fact]
    [Rule("CAS-31")]
    public void A_change_moves_few_ends()
    {
        byte[] content = XorShift.Content(1_000_000);
        byte[] changed = [.. content[..500_000], 1, 2, 3, .. content[500_000..]];
        var chunker = new RepMaxCdc(4096, 32_768);

        HashSet<string> before = [.. Chunks(chunker, content)];
        int fresh = Chunks(chunker, changed).Count(chunk => !before.Contains(chunk));

        Assert.InRange(before.Count, 150, 250);
        Assert.InRange(fresh, 1, 5);
    }

    private static IEnumerable<string> Chunks(RepMaxCdc chunker, byte[] content)
    {
        int start = 0;
        foreach (int length in Lengths(chunker, content))
        {
            yield return TestBlob.Of(content[start..(start + length)]).Digest.Hash;
            start += length;
        }
    }

    private static List<int> Lengths(RepMaxCdc chunker, byte[] content)
    {
        var lengths = new List<int>();
        for (int start = 0; start < content.Length; start = lengths.Sum())
            chunker.Cut(content.AsSpan(start), lengths);
        return lengths;
    }

    private static List<int> Defined(byte[] content, int min, int horizon)
    {
        ulong[] gear = Gear.TableOf(0);
        var hashes = new ulong[content.Length + 1];
        for (int i = 0; i < content.Length; i++)
            hashes[i + 1] = (hashes[i] << 1) + gear[content[i]];
        var lengths = new List<int>();
        for (int start = 0; start < content.Length; start += lengths[^1])
        {
            int window = Math.Min(content.Length - start, (2 * min) + horizon), end = window;
            for (int last = window - min; window >= 2 * min && end >= 2 * min; last = end - min)
                end = Enumerable.Range(min, last - min + 1).MaxBy(place => hashes[start + place]);
            lengths.Add(end);
        }

        return lengths;
    }
}
