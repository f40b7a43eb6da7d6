namespace RemoteExec.References.Tests;

public sealed class ReferenceNameTests
{
    [Theory]
    [InlineData("main", false, "main")]
    [InlineData("team/app_1.2+x-y", false, "team/app_1.2+x-y")]
    [InlineData("main@abc123", true, "main")]
    [InlineData("team/app@v1.2", true, "team/app")]
    public void Names(string text, bool isTag, string head)
    {
        Assert.True(ReferenceName.TryParse(text, out ReferenceName name, out _));
        Assert.Equal((text, isTag, head), (name.Value, name.IsTag, name.Head.Value));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/a")]
    [InlineData("a/")]
    [InlineData("a//b")]
    [InlineData("..")]
    [InlineData("a/../b")]
    [InlineData(".hidden")]
    [InlineData("a@")]
    [InlineData("@a")]
    [InlineData("a@b@c")]
    [InlineData("a@b/c")]
    [InlineData("a@.b")]
    [InlineData("a b")]
    [InlineData("a\nb")]
    [InlineData("a\0")]
    [InlineData("ä")]
    [InlineData("a:b")]
    [InlineData("a*")]
    [InlineData("%2e%2e")]
    public void No_names(string text)
    {
        Assert.False(ReferenceName.TryParse(text, out _, out string? error));
        Assert.NotEmpty(error);
    }

    [Fact]
    public void The_longest_name()
    {
        Assert.True(ReferenceName.TryParse(new string('a', ReferenceName.MaxLength), out _, out _));
        Assert.False(ReferenceName.TryParse(new string('a', ReferenceName.MaxLength + 1), out _, out _));
    }
}
