using RemoteExec.Server.Cli;

namespace RemoteExec.Server.Tests.Cli;

/// <summary>Quantities as people read them, and tables of them.</summary>
public sealed class WordsTests
{
    [Theory]
    [InlineData(-3, "0 s")]
    [InlineData(0.9, "0 s")]
    [InlineData(59.9, "59 s")]
    [InlineData(60, "1 min")]
    [InlineData(3599, "59 min")]
    [InlineData(3600, "1 h")]
    [InlineData(7500, "2 h 5 min")]
    [InlineData(86_400, "1 d")]
    [InlineData(349_300, "4 d 1 h")]
    public void Ages(double seconds, string text) => Assert.Equal(text, Words.Age(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1536, "1.5 KiB")]
    [InlineData(64L << 30, "64 GiB")]
    public void Sizes(long bytes, string text) => Assert.Equal(text, Words.Size(bytes));

    [Fact]
    public void Numbers_and_cores()
    {
        Assert.Equal(["1 worker", "2 workers", "1,234,567 workers"], new[] { 1, 2, 1_234_567 }.Select(number => Words.Count(number, "worker")));
        Assert.Equal(["0", "0.25", "3.5", "64"], new[] { 0, 250, 3500, 64_000 }.Select(millis => Words.Cores(millis)));
    }

    [Theory]
    [InlineData(0, 8, "    ")]
    [InlineData(1, 1_000_000, "▏   ")]
    [InlineData(1, 8, "▌   ")]
    [InlineData(4, 8, "██  ")]
    [InlineData(999_999, 1_000_000, "███▉")]
    [InlineData(8, 8, "████")]
    [InlineData(9, 8, "████")]
    [InlineData(1, 0, "    ")]
    public void Bars(long part, long whole, string bar) => Assert.Equal(bar, Words.Bar(part, whole, 4));

    [Fact]
    public void A_table_is_aligned_and_has_no_blanks_at_the_end_of_its_lines()
    {
        using var output = new StringWriter();
        var table = new Table(">NUMBER", "NAME", "LAST");
        table.Add("7", "a", "");
        table.Add("1,234,567", new Cell("b\u0007", Tone.Bad), "z");

        table.Write(new Terminal(output, TextWriter.Null, colourOutput: false, colourError: false));

        Assert.Equal("   NUMBER  NAME  LAST\n        7  a\n1,234,567  b\uFFFD    z\n", output.ToString());
    }
}
