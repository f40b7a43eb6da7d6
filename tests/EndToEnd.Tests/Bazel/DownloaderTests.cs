using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace RemoteExec.EndToEnd.Tests.Bazel;

/// <summary>Bazel's remote downloader, with a server to download from that counts.</summary>
public sealed class DownloaderTests : IAsyncLifetime
{
    private const string FileRule = """
        load("@bazel_tools//tools/build_defs/repo:http.bzl", "http_archive", "http_file")
        """;

    private readonly BazelWorkspace workspace = new();
    private readonly byte[] file = "what was downloaded\n"u8.ToArray();
    private byte[] archive = [];
    private WebApplication web = null!;
    private ServerProcess server = null!;
    private int downloads;

    public async ValueTask InitializeAsync()
    {
        archive = MakeArchive();
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        web = builder.Build();
        web.Run(context =>
        {
            Interlocked.Increment(ref downloads);
            Assert.StartsWith("remoteexec", context.Request.Headers.UserAgent.ToString(), StringComparison.Ordinal);
            return context.Response.Body.WriteAsync(context.Request.Path == "/lib.tar.gz" ? archive : file, context.RequestAborted).AsTask();
        });
        await web.StartAsync(TestContext.Current.CancellationToken);
        server = await ServerProcess.StartAsync("--workers", "0", "--set", "assets.allowPrivate=true");
        workspace.Write("BUILD", """
            genrule(name = "use", srcs = ["@file//file", "@lib//:text"], outs = ["use.txt"], cmd = "cat $(SRCS) > $@")
            """);
    }

    public async ValueTask DisposeAsync()
    {
        await workspace.DisposeAsync();
        await server.DisposeAsync();
        await web.DisposeAsync();
    }

    [Fact]
    [Rule("Q-21")]
    public async Task What_repositories_need_is_downloaded_by_the_server_once_for_all()
    {
        WriteRepositories(file);

        (await BuildAsync()).Succeeded();
        Assert.Equal("what was downloaded\nout of an archive\n", await File.ReadAllTextAsync(workspace.Output("use.txt"), TestContext.Current.CancellationToken));
        Assert.Equal(2, downloads);

        (await workspace.RunAsync("clean", "--expunge")).Succeeded(); // as if on another machine
        (await BuildAsync()).Succeeded();
        Assert.Equal(2, downloads);
    }

    [Fact]
    [Rule("Q-21")]
    public async Task What_is_not_what_it_should_be_ends_the_build()
    {
        WriteRepositories([1, 2, 3]);

        BazelRun run = await BuildAsync();

        Assert.NotEqual(0, run.ExitCode);
    }

    private Task<BazelRun> BuildAsync() =>
        workspace.BuildAsync(server.RemoteCacheFlag, $"--experimental_remote_downloader=grpc://{server.GrpcAddress}", "--repository_cache=", "//:use");

    private void WriteRepositories(byte[] expected) => workspace.Write("WORKSPACE", $"""
        {FileRule}
        http_file(name = "file", urls = ["{web.Urls.Single()}/file.txt"], sha256 = "{Convert.ToHexStringLower(SHA256.HashData(expected))}")
        http_archive(
            name = "lib", urls = ["{web.Urls.Single()}/lib.tar.gz"], sha256 = "{Convert.ToHexStringLower(SHA256.HashData(archive))}",
            build_file_content = 'filegroup(name = "text", srcs = ["text.txt"], visibility = ["//visibility:public"])',
        )
        """);

    private static byte[] MakeArchive()
    {
        using var result = new MemoryStream();
        using (var gzip = new System.IO.Compression.GZipStream(result, System.IO.Compression.CompressionLevel.Fastest, leaveOpen: true))
        using (var tar = new System.Formats.Tar.TarWriter(gzip, System.Formats.Tar.TarEntryFormat.Gnu))
            tar.WriteEntry(new System.Formats.Tar.GnuTarEntry(System.Formats.Tar.TarEntryType.RegularFile, "text.txt") { DataStream = new MemoryStream("out of an archive\n"u8.ToArray()) });
        return result.ToArray();
    }
}
