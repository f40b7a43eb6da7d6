using RemoteExec.Worker.Inputs;

namespace RemoteExec.Worker.Tests.Inputs;

public sealed class PathInRootTests : IDisposable
{
    private readonly TempDirectory temp = new();

    public PathInRootTests()
    {
        Directory.CreateDirectory(Path.Combine(temp.Path, "a/b"));
        Link("up", "..");
        Link("a/up", "..");
        Link("a/upup", "../..");
        Link("inside", "a/b");
        Link("chain", "inside/../b");
        Link("loop", "loop");
        Link("etc", "/etc");
        Link("absolute", $"{temp.Path}/a/b");
        Link("self", temp.Path);
        Link("sibling", $"{temp.Path}-sibling");
    }

    public void Dispose() => temp.Dispose();

    [Theory]
    [InlineData("", "")]
    [InlineData(".", "")]
    [InlineData("a//./b/", "/a/b")]
    [InlineData("a/..", "")]
    [InlineData("new/dir/x", "/new/dir/x")]
    [InlineData("a/up/a", "/a")]
    [InlineData("inside/x", "/a/b/x")]
    [InlineData("chain/x", "/a/b/x")]
    [InlineData("absolute/x", "/a/b/x")]
    [InlineData("self/a", "/a")]
    [InlineData("etc", "/etc")] // not followed
    [InlineData("loop", "/loop")]
    public void A_path_is_resolved_as_the_kernel_would(string path, string expected) =>
        Assert.Equal(temp.Path + expected, PathInRoot.Resolve(temp.Path, path, followLast: false));

    [Theory]
    [InlineData("..")]
    [InlineData("a/../..")]
    [InlineData("up/x")]
    [InlineData("a/upup/x")]
    [InlineData("etc/passwd")]
    [InlineData("sibling/x")]
    [InlineData("loop/x")]
    public void A_path_that_leads_out_or_round_in_circles_has_no_place(string path) => Assert.Null(PathInRoot.Resolve(temp.Path, path, followLast: false));

    [Theory]
    [InlineData("inside", "/a/b")]
    [InlineData("etc", null)]
    [InlineData("loop", null)]
    public void The_last_segment_is_followed_if_asked_for(string path, string? expected) =>
        Assert.Equal(expected is null ? null : temp.Path + expected, PathInRoot.Resolve(temp.Path, path, followLast: true));

    private void Link(string path, string target) => File.CreateSymbolicLink(Path.Combine(temp.Path, path), target);
}
