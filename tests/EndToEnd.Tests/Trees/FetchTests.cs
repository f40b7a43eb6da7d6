using System.Formats.Tar;
using System.IO.Compression;
using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace RemoteExec.EndToEnd.Tests.Trees;

/// <summary>Downloads by hand.</summary>
public sealed class FetchTests
{
    [Fact]
    public async Task What_is_fetched_is_in_the_CAS_and_here_if_that_is_wanted()
    {
        byte[] file = "what was downloaded\n"u8.ToArray(), archive = MakeArchive();
        int downloads = 0;
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        await using WebApplication web = builder.Build();
        web.Run(async context =>
        {
            Interlocked.Increment(ref downloads);
            if (context.Request.Path == "/secret.txt" && context.Request.Headers["X-Key"] != "k")
                context.Response.StatusCode = StatusCodes.Status403Forbidden;
            else
                await context.Response.Body.WriteAsync(context.Request.Path == "/lib.tar.gz" ? archive : file, context.RequestAborted);
        });
        await web.StartAsync(TestContext.Current.CancellationToken);
        string url = web.Urls.Single(), sum = Convert.ToHexStringLower(SHA256.HashData(file)), archiveSum = Convert.ToHexStringLower(SHA256.HashData(archive));
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0", "--set", "assets.allowPrivate=true");
        using var user = new TreeUser(server);

        string digest = (await user.RunAsync("fetch", $"{url}/file.txt", "--checksum", sum)).Trim();
        await user.RunAsync("fetch", $"{url}/file.txt", "--checksum", sum, "--output", "here.txt");
        string root = (await user.AskAsync("fetch", $"{url}/lib.tar.gz", "--checksum", archiveSum, "--unpack", "--output", "lib")).GetProperty("digest").GetString()!;
        await user.RunAsync("fetch", $"{url}/secret.txt", "--checksum", sum, "--header", "X-Key=k");

        Assert.Equal($"sha256:{sum}/{file.Length}", digest);
        Assert.Equal(file, File.ReadAllBytes(user["here.txt"]));
        Assert.Equal("text.txt\n", await user.RunAsync("ls", root));
        Assert.Equal("out of an archive\n", File.ReadAllText(user["lib", "text.txt"]));
        Assert.Equal(3, downloads);
        string other = Convert.ToBase64String(SHA256.HashData([]));
        Assert.Contains($"{url}/file.txt", await user.FailAsync("fetch", $"{url}/file.txt", "--checksum", $"sha256-{other}", "--output", "wrong.txt"), StringComparison.Ordinal);
        Assert.Contains("403", await user.FailAsync("fetch", $"{url}/secret.txt", "--checksum", archiveSum), StringComparison.Ordinal);
        Assert.False(File.Exists(user["wrong.txt"]));
    }

    private static byte[] MakeArchive()
    {
        using var result = new MemoryStream();
        using (var gzip = new GZipStream(result, CompressionLevel.Fastest, leaveOpen: true))
        using (var tar = new TarWriter(gzip, TarEntryFormat.Gnu))
            tar.WriteEntry(new GnuTarEntry(TarEntryType.RegularFile, "text.txt") { DataStream = new MemoryStream("out of an archive\n"u8.ToArray()) });
        return result.ToArray();
    }
}
