using RemoteExec.Python.Names;

namespace RemoteExec.Python.Tests.Names;

public sealed class NameTests
{
    [Theory]
    [InlineData("Demo", "demo")]
    [InlineData("friendly.Bard--_.x", "friendly-bard-x")]
    [InlineData("a", "a")]
    public void Projects_have_one_name(string written, string normal) => Assert.Equal(normal, ProjectName.Parse(written).Value);

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("-a")]
    [InlineData("a-")]
    [InlineData("a/b")]
    [InlineData("a%2fb")]
    [InlineData("ä")]
    [InlineData("a\0b")]
    public void What_can_be_no_project_is_none(string text) => Assert.False(ProjectName.TryParse(text, out _));

    [Theory]
    [InlineData("demo-1.0-py3-none-any.whl", "demo", "1.0", "py3-none-any")]
    [InlineData("Foo_Bar-1.0+main.3.gabc-1b-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", "foo-bar", "1.0+main.3.gabc", "1b-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64")]
    [InlineData("demo-1.0.tar.gz", "demo", "1.0", null)]
    [InlineData("old-style-name-2.0rc1.tar.gz", "old-style-name", "2.0rc1", null)]
    public void Names_of_files_say_what_is_in_them(string fileName, string project, string version, string? tags)
    {
        Assert.True(DistributionName.TryParse(fileName, out DistributionName? name, out string? error), error);

        Assert.Equal((project, version, tags, tags is not null), (name.Project.Value, name.Version.ToString(), name.Tags, name.IsWheel));
    }

    [Theory]
    [InlineData("demo.whl")]
    [InlineData("demo-1.0-py3-none.whl")]
    [InlineData("demo-x-py3-none-any.whl")]
    [InlineData("demo-1.0-b1-py3-none-any.whl")]
    [InlineData("../demo-1.0-py3-none-any.whl")]
    [InlineData("demo-1.0-py3-none-any.whl.metadata")]
    [InlineData("demo-1.0.zip")]
    [InlineData(".tar.gz")]
    [InlineData("demo-1.0-py3-none-any\n.whl")]
    public void What_is_no_distribution_is_told_by_its_name(string fileName)
    {
        Assert.False(DistributionName.TryParse(fileName, out _, out string? error));

        Assert.StartsWith($"'{fileName}' is no ", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("main", "main.3.gabc")]
    [InlineData("release/1.2", "release.1.2.3.gabc")]
    [InlineData("Feature_X--y", "feature.x.y.3.gabc")]
    public void Channels_become_parts_of_versions(string channel, string local) => Assert.Equal(local, ChannelName.Parse(channel).LocalOf(3, "ABC"));

    [Theory]
    [InlineData("1.2")]
    [InlineData("simple")]
    [InlineData("files")]
    [InlineData("a b")]
    [InlineData("main/")]
    public void What_can_be_no_channel_is_refused(string text) => Assert.Contains($"'{text}' is no name of a channel", Assert.Throws<PythonIndexException>(() => ChannelName.Parse(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("")]
    [InlineData("abc-1")]
    [InlineData("abc\n")]
    public void What_can_be_no_revision_is_refused(string text) => Assert.Contains("is no revision", Assert.Throws<PythonIndexException>(() => ChannelName.Parse("main").LocalOf(1, text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("team", true)]
    [InlineData("a.b_c-1", true)]
    [InlineData("..", false)]
    [InlineData(".hidden", false)]
    [InlineData("a/b", false)]
    [InlineData("", false)]
    public void Indexes_have_names_that_are_parts_of_references(string text, bool isName)
    {
        Assert.Equal(isName, IndexName.TryParse(text, out IndexName name));
        if (isName)
            Assert.Equal(("pypi/" + text, "pypi/" + text + "/upstream", "pypi/" + text + "/uses"), (name.Reference, name.UpstreamReference, name.UsesReference));
    }

    [Theory]
    [InlineData("acme", "acme", true)]
    [InlineData("acme", "acme-x", false)]
    [InlineData("Acme_*", "acme-x", true)]
    [InlineData("acme-*", "acmex", false)]
    [InlineData("acme*", "acmex", true)]
    [InlineData("*", "anything", true)]
    public void Patterns_mean_projects(string pattern, string project, bool fits) => Assert.Equal(fits, ProjectPattern.TryParse(pattern)!.Fits(ProjectName.Parse(project)));

    [Theory]
    [InlineData("")]
    [InlineData("a*b")]
    [InlineData("-*")]
    public void What_is_no_pattern_is_none(string text) => Assert.Null(ProjectPattern.TryParse(text));
}
