using RemoteExec.Cas.Stores.Segments;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Stores.Segments;

public sealed class EraClockTests
{
    private readonly ManualTimeProvider time = new();

    [Fact]
    public void It_tells_the_era_of_a_time()
    {
        long start = time.GetTimestamp();
        var clock = new EraClock(time, 7);
        for (uint era = 8; era < 12; era++)
        {
            time.Advance(TimeSpan.FromSeconds(10));
            clock.Begin(era);
        }

        Assert.Equal(7u, clock.At(start - 1));
        Assert.Equal(7u, clock.At(start));
        Assert.Equal(7u, clock.At(start + TimeSpan.TicksPerSecond * 9));
        Assert.Equal(8u, clock.At(start + TimeSpan.TicksPerSecond * 11));
        Assert.Equal(10u, clock.At(start + TimeSpan.TicksPerSecond * 39));
        Assert.Equal(11u, clock.At(start + TimeSpan.TicksPerSecond * 4000));
    }

    [Fact]
    public void Of_eras_that_begin_at_once_it_tells_the_first()
    {
        var clock = new EraClock(time, 1);
        for (uint era = 2; era < 10; era++)
            clock.Begin(era);

        Assert.Equal(1u, clock.At(time.GetTimestamp()));
    }

    [Fact]
    public void However_many_eras_there_were_it_is_never_too_late_and_not_much_too_early()
    {
        var clock = new EraClock(time, 1);
        var began = new List<(long When, uint Era)>();
        for (uint era = 2; era < 20_000; era++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            clock.Begin(era);
            began.Add((time.GetTimestamp(), era));
        }

        foreach ((long when, uint era) in began)
            Assert.InRange(clock.At(when + 1), era - Math.Min(era - 1, 256), era);
        Assert.Equal(19_999u, clock.At(time.GetTimestamp() + 1));
    }
}
