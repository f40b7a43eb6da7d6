using RemoteExec.Python.Names;

namespace RemoteExec.Python.Tests.Names;

public sealed class PythonVersionTests
{
    // Each sorts before the next one.
    private static readonly string[] ordered =
    [
        "0.9", "1.dev0", "1.0.dev456", "1.0a1", "1.0a2.dev456", "1.0a12.dev456", "1.0a12", "1.0b1.dev456", "1.0b2", "1.0b2.post345.dev456", "1.0b2.post345", "1.0rc1.dev456", "1.0rc1", "1.0",
        "1.0+abc.5", "1.0+abc.7", "1.0+main.9.gff", "1.0+main.10.g00", "1.0+main.10.g00.1", "1.0+5", "1.0+12", "1.0.post456.dev34", "1.0.post456", "1.0.15", "1.1.dev1", "1.10", "2026.11.22.12345678901234567890", "1!0.1",
    ];

    [Fact]
    public void Versions_sort_as_PEP_440_says()
    {
        Random random = Chance.Create().Random;
        PythonVersion[] shuffled = [.. ordered.Select(Parse)];
        random.Shuffle(shuffled);

        Assert.Equal(ordered.Select(text => Parse(text).ToString()), shuffled.Order().Select(version => version.ToString()));
    }

    [Theory]
    [InlineData("v1.0", "1.0")]
    [InlineData(" 1.0-ALPHA.3 ", "1.0a3")]
    [InlineData("1.0c2", "1.0rc2")]
    [InlineData("1.0pre", "1.0rc0")]
    [InlineData("1.0-7", "1.0.post7")]
    [InlineData("1.0.rev", "1.0.post0")]
    [InlineData("01.002.dev03", "1.2.dev3")]
    [InlineData("1.0+Ubuntu-1_002", "1.0+ubuntu.1.2")]
    [InlineData("0!1", "1")]
    public void All_spellings_are_one_version(string spelling, string normal)
    {
        Assert.Equal(normal, Parse(spelling).ToString());
        Assert.Equal(Parse(normal), Parse(spelling));
    }

    [Theory]
    [InlineData("1.0", "1.0.0")]
    [InlineData("1", "1.0.0.0")]
    [InlineData("1.0+a.1", "1.0.0+A-1")]
    public void Versions_that_mean_the_same_are_equal(string one, string other)
    {
        Assert.Equal(Parse(one), Parse(other));
        Assert.Equal(Parse(one).GetHashCode(), Parse(other).GetHashCode());
    }

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("1..0")]
    [InlineData("1.0+")]
    [InlineData("1.0+a..b")]
    [InlineData("1.0-")]
    [InlineData("1.0 0")]
    [InlineData("1.0\n2")]
    [InlineData("١.0")]
    public void What_is_no_version_is_none(string text) => Assert.Null(PythonVersion.TryParse(text));

    [Fact]
    public void Any_version_is_read_again_as_it_is_written()
    {
        Chance chance = Chance.Create();
        for (int i = 0; i < 2000 * Chance.Effort; i++)
        {
            Random random = chance.ForCase(i).Random;
            string text = string.Concat(Enumerable.Range(0, random.Next(1, 8)).Select(_ => random.GetItems(["1", "0", "22", ".", "-", "_", "a", "b", "rc", "post", "dev", "+", "!", "v", "main", "r"], 1)[0]));
            if (PythonVersion.TryParse(text) is not { } version)
                continue;
            PythonVersion again = Parse(version.ToString());
            Assert.True(again.Equals(version) && again.ToString() == version.ToString() && again.WithoutLocal().Local.Length == 0, $"'{text}' is {version}, and that {again} ({chance})");
        }
    }

    [Fact]
    public void A_local_part_is_put_behind_what_is_there()
    {
        Assert.Equal("1.0+main.3.gabc", Parse("1.0").WithLocal("main.3.gabc").ToString());
        Assert.Equal("1.0+cu118.main.3.gabc", Parse("1.0+cu118").WithLocal("main.3.gabc").ToString());
        Assert.Throws<PythonIndexException>(() => Parse("1.0").WithLocal("a/b"));
        Assert.Throws<PythonIndexException>(() => Parse("1.0").WithLocal(new string('a', 300)));
    }

    private static PythonVersion Parse(string text) => PythonVersion.TryParse(text) ?? throw new ArgumentException(text);
}
