using System.Text;
using RemoteExec.Python.Pages;
using RemoteExec.Python.Upstream;

namespace RemoteExec.Python.Tests.Upstream;

public sealed class UpstreamPageTests
{
    private const string Hash = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    [Theory]
    [InlineData($"<a href='https://files.example/x/demo-1.0.tar.gz#sha256={Hash}'>demo-1.0.tar.gz</a>", "https://files.example/x/demo-1.0.tar.gz")]
    [InlineData($"<A rel=internal HREF = \"/x/demo-1.0.tar.gz#sha256={Hash}\" data-requires-python=\"&gt;3\">x</A>", "https://up.example/x/demo-1.0.tar.gz")]
    [InlineData($"<a href=\"demo-1.0.tar.gz?a=1&amp;b=2#sha256={Hash}\">x</a>", "https://up.example/simple/demo/demo-1.0.tar.gz?a=1&b=2")]
    public void Links_are_found_however_they_are_written(string html, string url)
    {
        PageFile file = Assert.Single(Parse($"<!DOCTYPE html><html><body>{html}</body></html>"));

        Assert.Equal(("demo-1.0.tar.gz", url, Hash), (file.Name, file.Url, file.Sha256));
    }

    [Theory]
    [InlineData("<a href=\"demo-1.0.tar.gz\">no hash</a>")]
    [InlineData("<a href=\"demo-1.0.tar.gz#md5=0123456789abcdef0123456789abcdef\">no good hash</a>")]
    [InlineData("<a href=\"demo-1.0.tar.gz#sha256=0123\">half a hash</a>")]
    [InlineData($"<a href=\"..%2f..%2fetc#sha256={Hash}\">elsewhere</a>")]
    [InlineData($"<a href=\"file:///etc/demo-1.0.tar.gz#sha256={Hash}\">a file</a>")]
    [InlineData("<a")]
    [InlineData("")]
    public void What_can_not_be_relied_on_is_left_out(string html) => Assert.Empty(Parse(html));

    [Theory]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("{\"files\":1}")]
    [InlineData("{\"files\":[1]}")]
    public void What_is_no_page_is_refused(string json) => Assert.Throws<InvalidDataException>(() => Parse(json));

    [Fact]
    public void Files_of_JSON_that_lack_something_are_left_out() => Assert.Equal(
        ["good.whl"],
        Parse($$$"""{"files":[{"filename":"a.whl"},{"filename":"b.whl","url":"b.whl","hashes":{"md5":"x"}},{"filename":"../c.whl","url":"c","hashes":{"sha256":"{{{Hash}}}"}},{"filename":"good.whl","url":"good.whl","hashes":{"sha256":"{{{Hash.ToUpperInvariant()}}}"},"core-metadata":true,"size":-1,"yanked":false}]}""")
            .Select(file => file.Name));

    [Fact]
    public void Long_nonsense_is_read_in_time_that_grows_with_its_length()
    {
        string nonsense = string.Concat(Enumerable.Repeat("<a href=\"", 100_000));

        Assert.Empty(Parse(nonsense));
    }

    private static IReadOnlyList<PageFile> Parse(string page) => UpstreamPage.Parse(Encoding.UTF8.GetBytes(page), new Uri("https://up.example/simple/demo/"));
}
