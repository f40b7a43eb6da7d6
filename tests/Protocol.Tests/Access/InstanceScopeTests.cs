using RemoteExec.Protocol.Access;

namespace RemoteExec.Protocol.Tests.Access;

public sealed class InstanceScopeTests
{
    private static InstanceScope Parse(string text) => InstanceScope.TryParse(text, out InstanceScope? scope, out string? error) ? scope : throw new FormatException(error);

    [Theory]
    [InlineData("*", "", true)]
    [InlineData("*", "team/app", true)]
    [InlineData("team", "team", true)]
    [InlineData("team", "team/app", true)]
    [InlineData("team", "team/app/ci", true)]
    [InlineData("team", "team2", false)]
    [InlineData("team", "tea", false)]
    [InlineData("team", "Team", false)]
    [InlineData("team", "", false)]
    [InlineData("team/app", "team", false)]
    [InlineData("/", "", true)]
    [InlineData("/", "team", false)]
    public void It_covers_an_instance_and_those_below(string scope, string instance, bool covers) => Assert.Equal(covers, Parse(scope).Covers(InstanceName.Parse(instance)));

    [Theory]
    [InlineData("*", "*", "*")]
    [InlineData("*", "team", "team")]
    [InlineData("team", "*", "team")]
    [InlineData("team", "team/app", "team/app")]
    [InlineData("team/app", "team", "team/app")]
    [InlineData("team", "team", "team")]
    [InlineData("/", "*", "/")]
    [InlineData("/", "team", null)]
    [InlineData("team", "other", null)]
    [InlineData("team", "team2", null)]
    public void What_two_have_in_common_is_the_narrower_one(string one, string other, string? both)
    {
        Assert.Equal(both, Parse(one).Intersect(Parse(other))?.ToString());
        Assert.Equal(both, Parse(other).Intersect(Parse(one))?.ToString());
    }

    [Fact]
    public void An_instance_alone_has_none_below_it()
    {
        InstanceScope team = InstanceScope.Only(InstanceName.Parse("team"));

        Assert.True(team.Covers(InstanceName.Parse("team")));
        Assert.All(new[] { "team/app", "team2", "" }, other => Assert.False(team.Covers(InstanceName.Parse(other))));
        Assert.True(InstanceScope.Only(default).Covers(default));
        foreach ((InstanceScope other, InstanceScope? both) in new[] { (Parse("*"), team), (Parse("team"), team), (team, team), (Parse("team/app"), null), (Parse("/"), null) })
        {
            Assert.Equal(both, team.Intersect(other));
            Assert.Equal(both, other.Intersect(team));
        }
    }

    [Theory]
    [InlineData("team/")]
    [InlineData("/team")]
    [InlineData("**")]
    [InlineData("team/*")]
    [InlineData("team/blobs")]
    public void What_is_no_instance_is_no_scope(string text)
    {
        Assert.False(InstanceScope.TryParse(text, out _, out string? error));

        Assert.Contains(text, error, StringComparison.Ordinal);
    }
}
