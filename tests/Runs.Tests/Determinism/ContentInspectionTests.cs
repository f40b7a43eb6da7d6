using System.Buffers.Binary;
using System.Text;
using RemoteExec.Runs.Determinism;

namespace RemoteExec.Runs.Tests.Determinism;

public sealed class ContentInspectionTests
{
    private static readonly DateTimeOffset began = new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);
    private static readonly RunTraces first = new("worker-a", began, began.AddSeconds(5)), other = new("worker-b", began.AddSeconds(10), began.AddSeconds(15));

    [Fact]
    public void Text_is_shown_by_its_line()
    {
        ContentDifference difference = Inspect("same\nthe color is red\nend\n", "same\nthe color is blue\nend\n");

        Assert.Equal((18L, 2L, "the color is red", "the color is blue"), (difference.Offset, difference.Line, difference.First, difference.Other));
        Assert.Empty(difference.Causes);
    }

    [Fact]
    public void What_ends_earlier_differs_at_its_end()
    {
        ContentDifference difference = Inspect("one\n", "one\ntwo\n");

        Assert.Equal((4L, 2L, "(end)", "two"), (difference.Offset, difference.Line, difference.First, difference.Other));
    }

    [Fact]
    public void A_long_line_is_cut_around_what_differs()
    {
        string many = new('x', 5000);

        ContentDifference difference = Inspect($"{many}1{many}", $"{many}2{many}");

        Assert.InRange(difference.First.Length, 10, 200);
        Assert.Contains('1', difference.First);
        Assert.Contains('2', difference.Other);
    }

    [Fact]
    public void Bytes_are_shown_in_hexadecimal()
    {
        ContentDifference difference = Inspect([.. new byte[20], 0xAB, (byte)'z'], [.. new byte[20], 0xCD, (byte)'z']);

        Assert.Equal((20L, null), (difference.Offset, difference.Line));
        Assert.StartsWith("00000010  00 00 00 00 ab 7a ", difference.First, StringComparison.Ordinal);
        Assert.EndsWith("....\u002ez", difference.Other, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(DifferenceCause.Timestamp, "built 2026-03-04 05:06\n", "built 2026-03-04 05:07\n")]
    [InlineData(DifferenceCause.Timestamp, "Wed Mar  4 05:06:07 UTC", "Wed Mar  4 05:06:17 UTC")]
    [InlineData(DifferenceCause.Timestamp, "at 1772600767\n", "at 1772600777\n")]
    [InlineData(DifferenceCause.Path, "in /tmp/build/a1/src\n", "in /tmp/build/b2/src\n")]
    [InlineData(DifferenceCause.HostName, "by ann@worker-a\n", "by ann@worker-b\n")]
    [InlineData(DifferenceCause.RandomId, "8543ece7-2b16-4391-a57e-b7e1422c2a15", "30697d11-a2e9-45df-a476-63b5eb48e70f")]
    [InlineData(DifferenceCause.RandomId, "tmp.Xa83Kd", "tmp.Pq92Zz")]
    [InlineData(DifferenceCause.Order, "b\na\nc\n", "a\nb\nc\n")]
    [InlineData(DifferenceCause.Number, "pid 123\n", "pid 456\n")]
    public void Common_causes_are_recognised(DifferenceCause cause, string left, string right) => Assert.Equal([cause], Inspect(left, right).Causes);

    [Fact]
    public void A_number_of_seconds_that_is_no_time_of_the_run_is_but_a_number() =>
        Assert.Equal([DifferenceCause.Number], Inspect("1234567890\n", "1234567891\n").Causes);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_time_of_the_run_is_recognised_in_bytes(bool isBigEndian)
    {
        Assert.Equal([DifferenceCause.Timestamp], Inspect(With(first), With(other)).Causes);

        byte[] With(RunTraces run)
        {
            byte[] content = new byte[64];
            uint seconds = (uint)run.Began!.Value.ToUnixTimeSeconds();
            if (isBigEndian)
                BinaryPrimitives.WriteUInt32BigEndian(content.AsSpan(33), seconds);
            else
                BinaryPrimitives.WriteUInt32LittleEndian(content.AsSpan(33), seconds);
            return content;
        }
    }

    [Fact]
    public void Every_place_that_differs_is_looked_at()
    {
        ContentDifference difference = Inspect($"pid 12345{new string('.', 100)}\nbuilt 05:06:07\n", $"pid 54321{new string('.', 100)}\nbuilt 05:06:17\n");

        Assert.Equal([DifferenceCause.Timestamp, DifferenceCause.Number], difference.Causes);
    }

    private static ContentDifference Inspect(string left, string right) => Inspect(Encoding.UTF8.GetBytes(left), Encoding.UTF8.GetBytes(right));

    private static ContentDifference Inspect(byte[] left, byte[] right) => new ContentInspection(first, other).Inspect(left, right);
}
