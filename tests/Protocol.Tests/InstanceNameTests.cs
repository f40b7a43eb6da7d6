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

    [Theory]
    [InlineData(".")]
    [InlineData("a/..")]
    [InlineData("../a")]
    [InlineData("a/./b")]
    public void A_segment_that_a_path_would_lose_is_refused(string text)
    {
        Assert.False(InstanceName.TryParse(text, out _, out string? error));

        Assert.Contains("which paths can't have", error);
    }

    [Theory]
    [InlineData("a\nb", "control character")]
    [InlineData("a\r", "control character")]
    [InlineData("\u001b[2J", "control character")]
    [InlineData("a\u0085", "control character")]
    [InlineData("a\ufffd", "no UTF-8")]
    public void What_no_log_should_show_and_what_is_no_text_is_refused(string text, string reason)
    {
        Assert.False(InstanceName.TryParse(text, out _, out string? error));

        Assert.Contains(reason, error);
    }

    [Fact]
    public void Half_a_character_is_refused()
    {
        foreach (string text in new[] { "a\ud800", "\udc00a", "\ud800\ud800\udc00" }) // what xunit can't have in an attribute
            Assert.False(InstanceName.TryParse(text, out _, out _));
        Assert.True(InstanceName.TryParse("\ud83d\ude00", out _, out _));
    }

    [Fact]
    public void Names_that_only_people_confuse_are_different_names()
    {
        string[] names = ["team", "TEAM", "\u0442eam", "te\u200bam", "team\u202e", "team.", "team ", "te\\am", "%74eam", "\u00e9", "e\u0301"];

        Assert.Equal(names.Length, names.Select(InstanceName.Parse).Distinct().Count());
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
