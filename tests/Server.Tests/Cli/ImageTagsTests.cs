using RemoteExec.Server.Cli.Images;

namespace RemoteExec.Server.Tests.Cli;

public sealed class ImageTagsTests
{
    private static readonly ImageTag tag = new("gcc-12", "sha256:00/1", "", 5, 12, DateTimeOffset.UnixEpoch);

    [Fact]
    public void A_name_stays_until_it_is_given_away()
    {
        using var directory = new TemporaryDirectory();
        Assert.Empty(new ImageTags(directory["names"]).List());

        new ImageTags(directory["names"]).Set(tag);
        new ImageTags(directory["names"]).Set(tag with { Name = "another" });
        new ImageTags(directory["names"]).Set(tag with { Files = 6 });

        Assert.Equal([tag with { Name = "another" }, tag with { Files = 6 }], new ImageTags(directory["names"]).List());
        Assert.Equal(tag with { Files = 6 }, new ImageTags(directory["names"]).Find("gcc-12"));
        Assert.Null(new ImageTags(directory["names"]).Find("gcc"));
        Assert.Null(new ImageTags(directory["names"]).Find("../names/gcc-12"));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("null")]
    public void A_damaged_name_is_told(string content)
    {
        using var directory = new TemporaryDirectory();
        File.WriteAllText(directory["x.json"], content);

        StartupException exception = Assert.Throws<StartupException>(() => new ImageTags(directory.FullPath).List());

        Assert.StartsWith($"{directory["x.json"]} is damaged: ", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("debian-12.gcc_x+1", true)]
    [InlineData(".", false)]
    [InlineData("..", false)]
    [InlineData("a/b", false)]
    [InlineData("", false)]
    [InlineData("a b", false)]
    public void A_name_is_a_word(string text, bool isName) => Assert.Equal(isName, ImageTags.IsName(text));
}
