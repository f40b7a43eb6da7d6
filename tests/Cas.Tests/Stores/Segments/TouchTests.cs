using RemoteExec.Cas.Stores.Segments;

namespace RemoteExec.Cas.Tests.Stores.Segments;

public sealed class TouchTests
{
    private const uint LastEra = uint.MaxValue >> 2;

    [Theory]
    [InlineData(1)]
    [InlineData(LastEra)]
    public void A_move_keeps_the_era_and_ends_the_use(uint era)
    {
        Touch use = Touch.Use(era), writing = Touch.Writing(era);

        Assert.Equal((era, era, false), (use.Era, use.LastUse, use.IsWriting));
        Assert.Equal((era, 0u, false), (use.Moved().Era, use.Moved().LastUse, use.Moved().IsWriting));
        Assert.Equal((era, 0u, true), (writing.Era, writing.LastUse, writing.IsWriting));
        Assert.Equal(writing, writing.Moved());
        Assert.Equal(use.Moved(), use.Moved().Moved());
    }

    [Fact]
    public void What_nobody_cares_for_stays_so()
    {
        Touch none = default;

        Assert.Equal((0u, 0u, true), (none.Era, none.LastUse, none.IsWriting));
        Assert.Equal(none, none.Moved());
        Assert.False(KeptBlobs.None.Includes(none));
        Assert.False(new KeptBlobs(1, 1).Includes(none));
    }

    [Fact]
    public void What_is_kept_depends_on_era_and_kind()
    {
        var kept = new KeptBlobs(UsedFrom: 5, WrittenFrom: 8);

        Assert.Equal([false, true], Enumerable.Range(4, 2).Select(era => kept.Includes(Touch.Use((uint)era))));
        Assert.Equal([false, true], Enumerable.Range(4, 2).Select(era => kept.Includes(Touch.Use((uint)era).Moved())));
        Assert.Equal([false, true], Enumerable.Range(7, 2).Select(era => kept.Includes(Touch.Writing((uint)era))));
        Assert.False(KeptBlobs.None.Includes(Touch.Use(LastEra)));
    }
}
