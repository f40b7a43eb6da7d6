using FsCheck;
using FsCheck.Fluent;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Tests.Configuration;

public sealed class DurationTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("250ms", 250)]
    [InlineData("90s", 90_000)]
    [InlineData("5m", 300_000)]
    [InlineData("1h30m", 5_400_000)]
    [InlineData("1d1ms", 86_400_001)]
    public void A_duration_is_numbers_with_units(string text, long milliseconds)
    {
        Assert.True(Duration.TryParse(text, out TimeSpan duration, out string? error), error);
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), duration);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("m")]
    [InlineData("5 minutes")]
    [InlineData("-5m")]
    [InlineData("99999999999999999999s")]
    [InlineData("4000d")]
    public void What_is_no_duration_is_refused(string text) => Assert.False(Duration.TryParse(text, out _, out _));

    [Fact]
    public void Every_duration_is_read_back_as_it_is_written() =>
        Prop.ForAll<uint>(milliseconds =>
        {
            var duration = TimeSpan.FromMilliseconds(milliseconds);
            return Duration.TryParse(Duration.Format(duration), out TimeSpan parsed, out _) && parsed == duration;
        }).QuickCheckThrowOnFailure();
}
