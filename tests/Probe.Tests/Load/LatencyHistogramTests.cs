using RemoteExec.Probe.Load;

namespace RemoteExec.Probe.Tests.Load;

public sealed class LatencyHistogramTests
{
    [Theory]
    [InlineData(50)]
    [InlineData(90)]
    [InlineData(99)]
    [InlineData(99.9)]
    [InlineData(100)]
    public void A_percentile_is_right_to_a_sixtieth(double percent)
    {
        var random = new Random(5);
        var histogram = new LatencyHistogram();
        long[] ticks = [.. Enumerable.Range(0, 10_000).Select(_ => (long)Math.Pow(10, random.NextDouble() * 9)).Order()];
        foreach (long one in ticks)
            histogram.Add(TimeSpan.FromTicks(one));

        long exact = ticks[(int)Math.Ceiling(ticks.Length * percent / 100) - 1];
        Assert.InRange(histogram.Percentile(percent).Ticks, exact, exact + (exact / 60) + 1);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(long.MaxValue)]
    public void A_single_time_is_itself(long ticks)
    {
        var histogram = new LatencyHistogram();

        histogram.Add(TimeSpan.FromTicks(ticks));

        Assert.Equal(ticks, histogram.Percentile(50).Ticks);
        Assert.Equal(ticks, histogram.Longest.Ticks);
    }

    [Fact]
    public void Nothing_takes_no_time_and_two_add_up()
    {
        var first = new LatencyHistogram();
        var second = new LatencyHistogram();
        Assert.Equal(TimeSpan.Zero, first.Percentile(99));

        first.Add(TimeSpan.FromMilliseconds(1));
        second.Add(TimeSpan.FromMilliseconds(3));
        first.Add(second);

        Assert.Equal((2, TimeSpan.FromMilliseconds(4), TimeSpan.FromMilliseconds(3)), (first.Count, first.Sum, first.Percentile(100)));
    }
}
