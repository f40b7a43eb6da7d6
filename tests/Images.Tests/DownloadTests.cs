using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace RemoteExec.Images.Tests;

/// <summary>Archives that a web server has.</summary>
public sealed class DownloadTests
{
    private static async Task<WebApplication> ServeAsync(byte[] archive)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        WebApplication app = builder.Build();
        app.MapGet("/pool/a.tar", () => Results.Bytes(archive));
        app.MapGet("/moved/a.tar", () => Results.Redirect("/pool/a.tar"));
        app.MapGet("/broken/a.tar", () => Results.StatusCode(503));
        int asked = 0;
        app.MapGet("/flaky/a.tar", async context =>
        {
            int length = ++asked < 3 ? 100 : archive.Length;
            context.Response.ContentLength = archive.Length;
            await context.Response.Body.WriteAsync(archive.AsMemory(0, length));
            await context.Response.Body.FlushAsync();
            if (length < archive.Length)
                context.Abort();
        });
        app.MapGet("/cut/a.tar", async context =>
        {
            context.Response.ContentLength = archive.Length;
            await context.Response.Body.WriteAsync(archive.AsMemory(0, 100));
            await context.Response.Body.FlushAsync();
            context.Abort();
        });
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }

    private static RecipeArchive At(WebApplication server, RecipeArchive archive, string path) => archive with { Path = "", Url = new Uri(new Uri(server.Urls.Single()), path) };

    [Fact]
    public async Task An_archive_is_fetched_and_leaves_nothing_behind()
    {
        using var fixture = new ImageFixture();
        byte[] tar = TestArchive.New().File("x", "1").ToTar();
        await using WebApplication server = await ServeAsync(tar);
        RecipeArchive archive = At(server, fixture.Put("a.tar", tar), "/pool/a.tar");

        BuiltImage image = await fixture.BuildAsync(archive);

        Assert.Equal(["x = 1"], await fixture.ListAsync(image));
        Assert.Equal("a.tar", image.Archives[0].Name);
        await server.StopAsync(TestContext.Current.CancellationToken);
        Assert.True((await fixture.BuildAsync(archive)).Archives[0].IsCached); // it is not asked for again
    }

    [Fact]
    public async Task A_server_that_breaks_off_is_asked_again()
    {
        using var fixture = new ImageFixture();
        byte[] tar = TestArchive.New().File("x", "1").ToTar();
        await using WebApplication server = await ServeAsync(tar);

        Assert.Equal(["x = 1"], await fixture.ListAsync(await fixture.BuildAsync(At(server, fixture.Put("a.tar", tar), "/flaky/a.tar"))));
    }

    [Theory]
    [InlineData("/not/there.tar", "answers 404 Not Found")]
    [InlineData("/moved/a.tar", "answers 302 Found, to /pool/a.tar: the recipe has to name where it really is")]
    [InlineData("/cut/a.tar", "can't be fetched: ")]
    [InlineData("/broken/a.tar", "can't be fetched: Response status code does not indicate success: 503")]
    public async Task What_goes_wrong_is_told(string path, string problem)
    {
        using var fixture = new ImageFixture();
        byte[] tar = TestArchive.New().File("x", "1").ToTar();
        await using WebApplication server = await ServeAsync(tar);

        Assert.Contains(problem, await fixture.FailAsync(At(server, fixture.Put("a.tar", tar), path)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_sends_something_else_is_not_believed()
    {
        using var fixture = new ImageFixture();
        await using WebApplication server = await ServeAsync(TestArchive.New().File("x", "evil").ToTar());
        RecipeArchive meant = fixture.Put("a.tar", TestArchive.New().File("x", "good").ToTar());

        Assert.StartsWith("a.tar: it is not the archive that the recipe means", await fixture.FailAsync(At(server, meant, "/pool/a.tar")), StringComparison.Ordinal);
    }
}
