using System.Collections.Concurrent;
using Microsoft.Playwright;

namespace RemoteExec.EndToEnd.Tests.Console;

/// <summary>A real browser with the console of a server in it. What a page complains of is a failure.</summary>
internal sealed class Browser : IAsyncDisposable
{
    private const string Program = "/usr/bin/chromium";
    private readonly IPlaywright playwright;
    private readonly IBrowser browser;
    private readonly string root;
    private readonly bool isDark;
    private readonly ConcurrentQueue<string> complaints = new();
    private readonly ApiDescription description = ApiDescription.Read();
    private readonly ConcurrentDictionary<(string Template, int Status), bool> seen = [];
    private readonly ConcurrentBag<Task> checks = [];

    // A page that is slow on a busy machine is not wrong.
    static Browser() => Assertions.SetDefaultExpectTimeout(60_000);

    private Browser(IPlaywright playwright, IBrowser browser, IPage page, string root, bool isDark)
    {
        this.playwright = playwright;
        this.browser = browser;
        this.root = root;
        this.isDark = isDark;
        Page = page;
    }

    /// <summary>The page that is looked at.</summary>
    public IPage Page { get; }

    /// <summary>Opens one.</summary>
    /// <param name="address"><c>host:port</c> of the server's HTTP.</param>
    /// <param name="isDark">True for somebody who likes it dark.</param>
    /// <param name="credentials">What is typed when the server asks who is there; null for nothing.</param>
    public static async Task<Browser> OpenAsync(string address, bool isDark = false, HttpCredentials? credentials = null)
    {
        Requires.Program("chromium", "chromium");
        IPlaywright playwright = await Playwright.CreateAsync();
        IBrowser browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = Program, Args = ["--no-sandbox"] });
        IPage page = await browser.NewPageAsync(new BrowserNewPageOptions
        {
            ViewportSize = new ViewportSize { Width = 1300, Height = 900 },
            HttpCredentials = credentials,
            ColorScheme = isDark ? ColorScheme.Dark : ColorScheme.Light,
        });
        var opened = new Browser(playwright, browser, page, $"http://{address}/console/", isDark);
        page.Console += (_, message) =>
        {
            // A 404 of the API is an answer like others; browsers write it down all the same.
            if (message.Type is "error" or "warning" && !message.Text.Contains("status of 404", StringComparison.Ordinal))
                opened.complaints.Enqueue($"{page.Url}: {message.Text}");
        };
        page.Response += (_, response) => opened.checks.Add(opened.CheckAsync(response));
        page.PageError += (_, error) => opened.complaints.Enqueue($"{page.Url}: {error}");
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith($"http://{address}/", StringComparison.Ordinal) && !request.Url.StartsWith("data:", StringComparison.Ordinal))
                opened.complaints.Enqueue($"{page.Url} asks another server: {request.Url}");
        };
        return opened;
    }

    /// <summary>Compares what the API answers with its description, of each path once in each state.</summary>
    private async Task CheckAsync(IResponse response)
    {
        var address = new Uri(response.Url);
        if (!address.AbsolutePath.StartsWith("/api/v1/", StringComparison.Ordinal) || !response.Headers.TryGetValue("content-type", out string? type))
            return;
        type = type.Split(';')[0];
        if (description.Find(Uri.UnescapeDataString(address.AbsolutePath)) is not { } template)
            complaints.Enqueue($"{address.AbsolutePath} is not described");
        else if (type.EndsWith("json", StringComparison.Ordinal) && seen.TryAdd((template, response.Status), true))
        {
            if (await TextOfAsync(response) is { } text)
                description.FaultsOf(template, response.Request.Method.ToLowerInvariant(), response.Status, type, text).ToList().ForEach(complaints.Enqueue);
            else
                seen.TryRemove((template, response.Status), out _); // the next one, then
        }
    }

    /// <summary>What a response says; null if the page went elsewhere meanwhile, with which it is forgotten.</summary>
    private static async Task<string?> TextOfAsync(IResponse response)
    {
        try
        {
            return await response.TextAsync();
        }
        catch (PlaywrightException exception) when (exception.Message.Contains("navigated away", StringComparison.Ordinal))
        {
            return null;
        }
    }

    /// <summary>Goes to a view, and waits for its title.</summary>
    public async Task GoAsync(string view, string title)
    {
        await Page.GotoAsync(root + view);
        await Page.GetByRole(AriaRole.Heading, new PageGetByRoleOptions { Name = title, Level = 1 }).WaitForAsync();
    }

    /// <summary>Keeps a picture of the page beside the results of the tests, and asserts what every page has to be.</summary>
    public async Task LookAsync(string name)
    {
        string directory = Path.Combine(AppContext.BaseDirectory, "screenshots");
        Directory.CreateDirectory(directory);
        await Page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(directory, $"{name}{(isDark ? "-dark" : "")}.png"), FullPage = true });
        Assert.Equal("", await Page.EvaluateAsync<string>(Accessibility.Check));
        await Task.WhenAll(checks);
        Assert.Empty(complaints);
    }

    public async ValueTask DisposeAsync()
    {
        await browser.DisposeAsync();
        playwright.Dispose();
    }
}
