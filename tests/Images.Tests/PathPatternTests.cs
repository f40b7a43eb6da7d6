namespace RemoteExec.Images.Tests;

public sealed class PathPatternTests
{
    [Theory]
    [InlineData("usr/share/doc", "usr/share/doc", true)]
    [InlineData("usr/share/doc", "usr/share/doc/a/b", true)]
    [InlineData("usr/share/doc", "usr/share/docs", false)]
    [InlineData("usr/share/doc", "x/usr/share/doc", false)]
    [InlineData("usr/*/doc", "usr/share/doc/a", true)]
    [InlineData("usr/*/doc", "usr/a/b/doc", false)]
    [InlineData("**/*.pyc", "a.pyc", true)]
    [InlineData("**/*.pyc", "a/b/c.pyc", true)]
    [InlineData("**/*.pyc", "a/b/c.py", false)]
    [InlineData("usr/share/doc/**", "usr/share/doc", false)]
    [InlineData("usr/share/doc/**", "usr/share/doc/a", true)]
    [InlineData("a?c", "abc", true)]
    [InlineData("a?c", "a/c", false)]
    [InlineData("a.c", "abc", false)]
    [InlineData("a[bc", "a[bc", true)]
    [InlineData("**", "anything/at/all", true)]
    public void A_pattern_fits_paths_and_what_is_below_them(string pattern, string path, bool fits) => Assert.Equal(fits, new PathPattern(pattern).Matches(path));
}
