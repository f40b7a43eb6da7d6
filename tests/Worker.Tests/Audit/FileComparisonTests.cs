using RemoteExec.Protocol.Audits;
using RemoteExec.Worker.Audit;

namespace RemoteExec.Worker.Tests.Audit;

public sealed class FileComparisonTests
{
    [Fact]
    public void The_stretches_that_differ_are_counted_across_pieces_that_are_read_at_a_time()
    {
        using var temp = new TempDirectory();
        byte[] first = new byte[300_000];
        byte[] second = [.. first, 1, 2, 3];
        second.AsSpan(10, 5).Fill(1);
        second.AsSpan(65_530, 20).Fill(1); // over the end of a piece
        second[299_999] = 1;

        Protocol.Audits.SecondRun.Types.Difference difference = Compare(temp, first, second)!;

        Assert.Equal([10, 65_530, 299_999], difference.Offsets);
        Assert.Equal((26, 300_000, 300_003), (difference.DifferingBytes, difference.FirstSize, difference.SecondSize));
        Assert.Equal(new byte[32], difference.FirstBytes.ToByteArray());
        Assert.Equal([0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 0], difference.SecondBytes.ToByteArray()[..14]);
    }

    [Fact]
    public void A_file_that_goes_on_where_the_other_ends_differs_there()
    {
        using var temp = new TempDirectory();

        Protocol.Audits.SecondRun.Types.Difference difference = Compare(temp, [1, 2, 3], [1, 2, 3, 4])!;

        Assert.Equal(0, difference.DifferingBytes);
        Assert.Empty(difference.Offsets);
        Assert.Equal([1, 2, 3, 4], difference.SecondBytes.ToByteArray());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(200_000)]
    public void Files_of_the_same_content_do_not_differ(int length)
    {
        using var temp = new TempDirectory();
        byte[] content = new byte[length];
        Random.Shared.NextBytes(content);

        Assert.Null(Compare(temp, content, content));
    }

    private static Protocol.Audits.SecondRun.Types.Difference? Compare(TempDirectory temp, byte[] first, byte[] second)
    {
        string one = Path.Combine(temp.Path, "first"), other = Path.Combine(temp.Path, "second");
        File.WriteAllBytes(one, first);
        File.WriteAllBytes(other, second);
        return FileComparison.Compare("file", one, other);
    }
}
