using Microsoft.Playwright;

namespace RemoteExec.EndToEnd.Tests.Console;

/// <summary>What the console says of sharing builds with other servers, in a real browser.</summary>
public sealed class SharingPageTests
{
    [Fact]
    public async Task The_overview_says_that_other_servers_are_not_heard_of_until_they_are()
    {
        await using RedisServer redis = await RedisServer.StartAsync();
        await redis.KillAsync();
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0", "--set", $"builds.shared.redis.endpoints={redis.Endpoint}");
        await using Browser browser = await Browser.OpenAsync(server.HttpAddress);
        ILocator notice = browser.Page.GetByText("Other servers are not heard of at the moment, because of Redis: no primary answers");

        await browser.GoAsync("#/", "Overview");
        await Assertions.Expect(notice).ToBeVisibleAsync();
        await browser.LookAsync("overview-alone");
        await redis.StartAgainAsync();

        await Assertions.Expect(notice).ToBeHiddenAsync(new LocatorAssertionsToBeHiddenOptions { Timeout = 30_000 }); // it asks every ten seconds
    }
}
