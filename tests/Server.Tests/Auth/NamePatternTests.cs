using RemoteExec.Server.Auth;

namespace RemoteExec.Server.Tests.Auth;

public sealed class NamePatternTests
{
    [Theory]
    [InlineData("build", "build", true)]
    [InlineData("build", "Build", false)]
    [InlineData("build", "builds", false)]
    [InlineData("build", "", false)]
    [InlineData("", "", true)]
    [InlineData("*", "", true)]
    [InlineData("*", "anything at all", true)]
    [InlineData("build-*", "build-", true)]
    [InlineData("build-*", "build-x", true)]
    [InlineData("build-*", "rebuild-x", false)]
    [InlineData("*-build", "x-build", true)]
    [InlineData("*-build", "x-builds", false)]
    [InlineData("a*a", "a", false)] // no letter counts twice
    [InlineData("a*a", "aa", true)]
    [InlineData("repo:acme/*:ref:refs/heads/*", "repo:acme/app:ref:refs/heads/main", true)]
    [InlineData("repo:acme/*:ref:refs/heads/*", "repo:acme/app:pull_request", false)]
    [InlineData("a*bc*bc*d", "a-bc-bc-d", true)]
    [InlineData("a*bc*bc*d", "a-bc-d", false)]
    [InlineData("**", "x", true)]
    [InlineData("a.c", "abc", false)]
    [InlineData("a?c", "abc", false)]
    [InlineData("\u00e9", "e\u0301", false)] // the same letter, written otherwise, is another name
    [InlineData("ann*", "ann\0", true)]
    public void A_star_stands_for_anything(string pattern, string name, bool fits) => Assert.Equal(fits, new NamePattern(pattern).Fits(name));

    [Fact]
    public void Many_stars_take_no_time()
    {
        var pattern = new NamePattern(string.Concat(Enumerable.Repeat("*a", 50)) + "*b");

        Assert.False(pattern.Fits(new string('a', 100_000)));
    }
}
