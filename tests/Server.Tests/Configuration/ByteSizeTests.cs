using FsCheck;
using FsCheck.Fluent;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Tests.Configuration;

public sealed class ByteSizeTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("100", 100)]
    [InlineData("64KiB", 65536)]
    [InlineData("64kib", 65536)]
    [InlineData("1.5MiB", 1572864)]
    [InlineData("400 GiB", 429496729600)]
    [InlineData("2TiB", 2199023255552)]
    public void A_size_is_a_number_with_a_binary_unit(string text, long bytes)
    {
        Assert.True(ByteSize.TryParse(text, out ByteSize size, out string? error), error);
        Assert.Equal(bytes, size.Bytes);
    }

    [Theory]
    [InlineData("")]
    [InlineData("GiB")]
    [InlineData("ten")]
    [InlineData("10GB")]
    [InlineData("-1")]
    [InlineData("1e9")]
    [InlineData("9999999PiB")]
    public void What_is_no_size_is_told_with_an_example_or_a_reason(string text)
    {
        Assert.False(ByteSize.TryParse(text, out _, out string? error));
        Assert.Contains(text, error, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_size_is_read_back_as_it_is_written() =>
        Prop.ForAll<long>(number =>
        {
            var size = new ByteSize(number & long.MaxValue);
            return ByteSize.TryParse(size.ToString(), out ByteSize parsed, out _) && parsed == size;
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("0%")]
    [InlineData("101%")]
    [InlineData("-5%")]
    [InlineData("%")]
    public void A_share_of_the_disk_is_more_than_nothing_and_at_most_all(string text) => Assert.False(StoreSize.TryParse(text, out _, out _));

    [Fact]
    public void A_share_of_the_disk_becomes_bytes_even_before_the_directory_exists()
    {
        Assert.True(StoreSize.TryParse("10%", out StoreSize share, out _));

        long tenth = share.Resolve("/tmp/not/there/yet");

        Assert.InRange(tenth, 1, new DriveInfo("/tmp").TotalSize / 10);
    }
}
