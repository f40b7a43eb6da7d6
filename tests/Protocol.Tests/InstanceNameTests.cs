using RemoteExec.TestKit;

namespace RemoteExec.Protocol.Tests;

public sealed class InstanceNameTests
{
    [Theory]
    [Rule("GEN-03")]
    [InlineData("")]
    [InlineData("main")]
    [InlineData("a/b/c")]
    [InlineData("Projects/x y/ü")]
    [InlineData("blobs2/my-uploads")]
    public void Opaque_names_of_any_number_of_segments_are_accepted(string text)
    {
        Assert.True(InstanceName.TryParse(text, out InstanceName name, out string? error), error);

        Assert.Equal(text, name.Value);
        Assert.Equal(text.Length == 0, name.IsEmpty);
        Assert.Equal(name, InstanceName.Parse(text));
    }

    [Theory]
    [Rule("GEN-04")]
    [InlineData("blobs")]
    [InlineData("uploads/a")]
    [InlineData("a/actions")]
    [InlineData("a/actionResults/b")]
    [InlineData("operations")]
    [InlineData("capabilities")]
    [InlineData("a/compressed-blobs")]
    public void A_reserved_segment_is_refused(string text)
    {
        Assert.False(InstanceName.TryParse(text, out _, out string? error));

        Assert.Contains("reserved segment", error);
    }

    [Theory]
    [Rule("RES-05")]
    [InlineData("/")]
    [InlineData("/a")]
    [InlineData("a/")]
    [InlineData("a//b")]
    public void An_empty_segment_is_refused(string text)
    {
        Assert.False(InstanceName.TryParse(text, out _, out string? error));

        Assert.Contains("empty segment", error);
    }

    [Fact]
    public void What_could_be_no_name_is_refused()
    {
        Assert.False(InstanceName.TryParse("a\0", out _, out string? error));
        Assert.Contains("NUL", error);
        Assert.False(InstanceName.TryParse(new string('a', 1025), out _, out error));
        Assert.Contains("longer than 1024", error);
        Assert.Throws<FormatException>(() => InstanceName.Parse("a//b"));
    }

    [Fact]
    [Rule("GEN-05")]
    public void Names_are_told_apart_by_every_character()
    {
        Assert.NotEqual(InstanceName.Parse("a"), InstanceName.Parse("A"));
        Assert.NotEqual(InstanceName.Parse("a"), default);
        Assert.Equal(default, InstanceName.Parse(""));
        Assert.Equal(InstanceName.Parse("a/b").GetHashCode(), InstanceName.Parse("a/b").GetHashCode());
    }
}
