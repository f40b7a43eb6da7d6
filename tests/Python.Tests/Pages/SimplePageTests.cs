using System.Text;
using System.Text.Json;
using RemoteExec.Python.Names;
using RemoteExec.Python.Pages;
using RemoteExec.Python.Upstream;

namespace RemoteExec.Python.Tests.Pages;

public sealed class SimplePageTests
{
    private static readonly ProjectName demo = ProjectName.Parse("demo");

    private static readonly PageFile[] files =
    [
        new("demo-1.0-py3-none-any.whl", "../../files/demo/demo-1.0-py3-none-any.whl", new string('a', 64)) { RequiresPython = ">=3.8,<4", MetadataSha256 = new string('b', 64), Size = 12, Added = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero) },
        new("demo-1.0+main.2.gabc-py3-none-any.whl", "../../files/demo/demo-1.0%2Bmain.2.gabc-py3-none-any.whl", new string('c', 64)) { Yanked = "it's \"bad\" <&>", Size = 13, Added = DateTimeOffset.UnixEpoch },
        new("demo-0.9.tar.gz", "../../files/demo/demo-0.9.tar.gz", new string('d', 64)) { Yanked = "", Size = 14, Added = DateTimeOffset.UnixEpoch },
    ];

    [Theory]
    [InlineData("", "Html")]
    [InlineData("*/*", "Html")]
    [InlineData("text/html", "Html")]
    [InlineData("text/*;q=0.5", "Html")]
    [InlineData("application/vnd.pypi.simple.v1+json", "Json")]
    [InlineData("application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01", "Json")]
    [InlineData("application/vnd.pypi.simple.v1+json;q=0.1, text/html", "Html")]
    [InlineData("application/vnd.pypi.simple.v1+html;q=0.2,text/html;q=0.1", "VersionedHtml")]
    [InlineData("application/vnd.pypi.simple.latest+json", "Json")]
    [InlineData("*/*;q=0.1, text/html;q=0", "Json")]
    [InlineData("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "Html")]
    [InlineData("application/vnd.pypi.simple.v2+json", null)]
    [InlineData("text/html;q=0", null)]
    [InlineData(",;,q", null)]
    public void A_client_is_sent_what_it_likes_best(string accept, string? format) => Assert.Equal(format, SimpleFormats.Choose(accept)?.ToString());

    [Fact]
    public void A_page_as_JSON_has_all_that_is_known()
    {
        JsonElement page = JsonDocument.Parse(SimplePages.Project(demo, files, SimpleFormat.Json)).RootElement;

        Assert.Equal(("1.1", "demo"), (page.GetProperty("meta").GetProperty("api-version").GetString(), page.GetProperty("name").GetString()));
        Assert.Equal(["0.9", "1.0", "1.0+main.2.gabc"], page.GetProperty("versions").EnumerateArray().Select(version => version.GetString()));
        JsonElement first = page.GetProperty("files")[0];
        Assert.Equal(
            """{"filename":"demo-1.0-py3-none-any.whl","url":"../../files/demo/demo-1.0-py3-none-any.whl","hashes":{"sha256":"A"},"requires-python":">=3.8,<4","core-metadata":{"sha256":"B"},"yanked":false,"size":12,"upload-time":"2026-01-02T03:04:05.000000Z"}"""
                .Replace("\"A\"", $"\"{new string('a', 64)}\"", StringComparison.Ordinal).Replace("\"B\"", $"\"{new string('b', 64)}\"", StringComparison.Ordinal),
            first.GetRawText());
        Assert.Equal(("it's \"bad\" <&>", JsonValueKind.True), (page.GetProperty("files")[1].GetProperty("yanked").GetString(), page.GetProperty("files")[2].GetProperty("yanked").ValueKind));
    }

    [Fact]
    public void Where_a_size_is_not_known_the_page_claims_no_more_than_it_has()
    {
        JsonElement page = JsonDocument.Parse(SimplePages.Project(demo, [files[0], files[1] with { Size = null }], SimpleFormat.Json)).RootElement;

        Assert.Equal("1.0", page.GetProperty("meta").GetProperty("api-version").GetString());
        Assert.False(page.TryGetProperty("versions", out _));
    }

    [Fact]
    public void A_page_as_HTML_has_links_that_say_it()
    {
        string page = Encoding.UTF8.GetString(SimplePages.Project(demo, files, SimpleFormat.Html));

        Assert.Contains($"<a href=\"../../files/demo/demo-1.0-py3-none-any.whl#sha256={files[0].Sha256}\" data-requires-python=\"&gt;=3.8,&lt;4\" data-core-metadata=\"sha256={files[0].MetadataSha256}\" data-dist-info-metadata=\"sha256={files[0].MetadataSha256}\">demo-1.0-py3-none-any.whl</a>", page, StringComparison.Ordinal);
        Assert.Contains("data-yanked=\"it&#39;s &quot;bad&quot; &lt;&amp;&gt;\"", page, StringComparison.Ordinal);
        Assert.Contains("<meta name=\"pypi:repository-version\" content=\"1.1\">", page, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_written_is_read_as_the_page_of_an_upstream()
    {
        var place = new Uri("https://pypi.example/pypi/team/simple/demo/");
        foreach (SimpleFormat format in Enum.GetValues<SimpleFormat>())
        {
            IReadOnlyList<PageFile> read = UpstreamPage.Parse(SimplePages.Project(demo, files, format), place);

            Assert.Equal(
                files.Select(file => (file.Name, new Uri(place, file.Url).AbsoluteUri, file.Sha256, file.RequiresPython, file.MetadataSha256, file.Yanked)),
                read.Select(file => (file.Name, file.Url, file.Sha256, file.RequiresPython, file.MetadataSha256, file.Yanked)));
        }
    }

    [Fact]
    public void The_list_of_projects_is_read_in_both_forms()
    {
        ProjectName[] projects = [demo, ProjectName.Parse("other")];

        Assert.Equal(["demo", "other"], JsonDocument.Parse(SimplePages.Projects(projects, SimpleFormat.Json)).RootElement.GetProperty("projects").EnumerateArray().Select(project => project.GetProperty("name").GetString()));
        Assert.Contains("<a href=\"demo/\">demo</a>", Encoding.UTF8.GetString(SimplePages.Projects(projects, SimpleFormat.Html)), StringComparison.Ordinal);
    }
}
