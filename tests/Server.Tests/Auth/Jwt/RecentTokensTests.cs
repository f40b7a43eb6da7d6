using RemoteExec.Server.Auth.Jwt;

namespace RemoteExec.Server.Tests.Auth.Jwt;

public sealed class RecentTokensTests
{
    [Fact]
    public void Those_that_are_used_stay_and_the_number_is_bounded()
    {
        var recent = new RecentTokens<string>(most: 10);
        recent.Set("used", "value");
        for (int i = 0; i < 1000; i++)
        {
            recent.Set($"other-{i}", $"{i}");
            Assert.Equal("value", recent.Find("used"));
        }

        Assert.InRange(Enumerable.Range(0, 1000).Count(i => recent.Find($"other-{i}") is not null), 1, 20);
        Assert.Equal("999", recent.Find("other-999"));
    }

    [Fact]
    public void What_is_known_is_of_exactly_that_token()
    {
        var recent = new RecentTokens<string>(most: 10);
        recent.Set("token", "value");

        Assert.Null(recent.Find("Token"));
        Assert.Null(recent.Find("toke"));
        Assert.Null(recent.Find(""));
        recent.Set("token", "other");
        Assert.Equal("other", recent.Find("token"));
    }
}
