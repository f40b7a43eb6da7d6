using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace RemoteExec.Assets.Tests.Git;

/// <summary>A server of https on this machine with repositories of git: under <c>/NAME</c> by git's own program for servers, under <c>/files/NAME</c> as files.</summary>
internal sealed class GitServer : IAsyncDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly X509Certificate2 authority = TestCertificates.IssueAuthority("authority");
    private readonly WebApplication application;

    private GitServer()
    {
        File.WriteAllText(CaFile, authority.ExportCertificatePem());
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration()
            .ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(TestCertificates.Issue("localhost", authority, TestCertificates.ForServers))));
        application = builder.Build();
        application.Run(async context =>
        {
            Requests.Enqueue((context.Request.Path, context.Request.Headers.Authorization.ToString()));
            if (Pages.TryGetValue(context.Request.Path, out Func<HttpContext, Task>? page))
                await page(context);
            else if (context.Request.Path.StartsWithSegments("/files", out PathString file))
                await SendFileAsync(context, directory["repositories"] + file);
            else
                await RunAsync(context);
        });
    }

    /// <summary>The certificate of whoever vouches for it.</summary>
    public string CaFile => directory["ca.pem"];

    /// <summary>What it was asked for, with what it was shown.</summary>
    public ConcurrentQueue<(string Path, string Authorization)> Requests { get; } = new();

    /// <summary>What it answers instead of what git would.</summary>
    public ConcurrentDictionary<string, Func<HttpContext, Task>> Pages { get; } = new();

    /// <summary>Where it is: <c>https://localhost:PORT</c>.</summary>
    public string Address => $"https://localhost:{new Uri(application.Urls.Single()).Port}";

    public static async Task<GitServer> StartAsync()
    {
        Requires.Program("git", "git");
        var server = new GitServer();
        await server.application.StartAsync(TestContext.Current.CancellationToken);
        return server;
    }

    /// <summary>Has it answer so, instead of what git would.</summary>
    public void Answer(string path, Action<HttpResponse> answer) => Pages[path] = context =>
    {
        answer(context.Response);
        return Task.CompletedTask;
    };

    /// <summary>A place to work in, with a repository of its own.</summary>
    public string Work(params ReadOnlySpan<string> path) => directory[["work", .. path]];

    /// <summary>Runs git in the place to work in; returns what it printed.</summary>
    public async Task<string> GitAsync(params string[] arguments)
    {
        Directory.CreateDirectory(Work());
        await using ChildProcess git = ChildProcess.Start("git", ["-c", "user.name=nobody", "-c", "user.email=nobody@example.com", "-c", "protocol.file.allow=always", .. arguments], Work(), new Dictionary<string, string?>
        {
            ["HOME"] = directory.FullPath,
            ["GIT_CONFIG_NOSYSTEM"] = "1",
        });
        Assert.True(await git.WaitForExitAsync() == 0, $"git {string.Join(' ', arguments)}: {git.Output}");
        return git.Output.Trim();
    }

    /// <summary>Commits all that is in the place to work in; returns the hash of the commit.</summary>
    public async Task<string> CommitAsync(string branch = "main")
    {
        if (!Directory.Exists(Work(".git")))
            await GitAsync("init", "--quiet", "--initial-branch=main");
        await GitAsync("add", "--all");
        await GitAsync("commit", "--quiet", "--allow-empty", "--message=a change");
        await GitAsync("push", "--quiet", "--force", await PublishAsync(), $"HEAD:refs/heads/{branch}");
        return await GitAsync("rev-parse", "HEAD");
    }

    /// <summary>The repository that is served.</summary>
    public async Task<string> PublishAsync()
    {
        string bare = directory["repositories", "app"];
        if (!Directory.Exists(bare))
        {
            Directory.CreateDirectory(bare);
            await GitAsync("init", "--quiet", "--bare", "--initial-branch=main", bare);
        }

        return bare;
    }

    public async ValueTask DisposeAsync()
    {
        await application.StopAsync(new CancellationToken(canceled: true));
        await application.DisposeAsync();
        directory.Dispose();
    }

    private static async Task SendFileAsync(HttpContext context, string path)
    {
        if (File.Exists(path))
            await context.Response.SendFileAsync(path, context.RequestAborted);
        else
            context.Response.StatusCode = StatusCodes.Status404NotFound;
    }

    // As CGI has it.
    private async Task RunAsync(HttpContext context)
    {
        var start = new ProcessStartInfo("git", ["http-backend"]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["GIT_PROJECT_ROOT"] = directory["repositories"];
        start.Environment["GIT_HTTP_EXPORT_ALL"] = "1";
        start.Environment["PATH_INFO"] = context.Request.Path;
        start.Environment["QUERY_STRING"] = context.Request.QueryString.Value?.TrimStart('?');
        start.Environment["REQUEST_METHOD"] = context.Request.Method;
        start.Environment["CONTENT_TYPE"] = context.Request.ContentType;
        start.Environment["HTTP_CONTENT_ENCODING"] = context.Request.Headers.ContentEncoding;
        start.Environment["GIT_PROTOCOL"] = context.Request.Headers["Git-Protocol"];
        using Process git = Process.Start(start)!;
        await context.Request.Body.CopyToAsync(git.StandardInput.BaseStream, context.RequestAborted);
        git.StandardInput.Close();
        var answer = new MemoryStream();
        await git.StandardOutput.BaseStream.CopyToAsync(answer, context.RequestAborted);
        byte[] bytes = answer.ToArray();
        int end = bytes.AsSpan().IndexOf("\r\n\r\n"u8);
        foreach (string line in Encoding.Latin1.GetString(bytes, 0, end).Split("\r\n"))
        {
            string[] parts = line.Split(": ", 2);
            if (parts[0] == "Status")
                context.Response.StatusCode = int.Parse(parts[1].AsSpan(0, 3), System.Globalization.CultureInfo.InvariantCulture);
            else
                context.Response.Headers[parts[0]] = parts[1];
        }

        await context.Response.Body.WriteAsync(bytes.AsMemory(end + 4), context.RequestAborted);
    }
}
