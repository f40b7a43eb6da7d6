using RemoteExec.Runs.Inputs;

namespace RemoteExec.Runs.Tests.Inputs;

public sealed class RootPathTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData(".", "")]
    [InlineData("./a//b/", "a/b")]
    [InlineData("a/../b", "b")]
    [InlineData("a/..", "")]
    [InlineData("..", null)]
    [InlineData("a/../../b", null)]
    [InlineData("/a", null)]
    public void A_path_is_below_the_root_or_none(string path, string? normal) => Assert.Equal(normal, RootPath.Normalize(path));

    [Theory]
    [InlineData("", "a/b", "a/b")]
    [InlineData("a", "a/b", "b")]
    [InlineData("a/c", "a/b/d", "../b/d")]
    [InlineData("a/c", "b", "../../b")]
    public void What_is_written_relative_to_a_directory_is_found_from_there(string directory, string path, string relative)
    {
        Assert.Equal(relative, RootPath.Relative(directory, path));
        Assert.Equal(path, RootPath.Resolve(directory, relative));
    }

    [Theory]
    [InlineData("a", "../../b")]
    [InlineData("a", "/b")]
    public void What_leads_out_of_the_root_is_nowhere(string directory, string path) => Assert.Null(RootPath.Resolve(directory, path));
}
