using Google.LongRunning;
using Microsoft.Playwright;
using RemoteExec.EndToEnd.Tests.Bazel;
using RemoteExec.EndToEnd.Tests.Workers;
using RemoteExec.Rpc.Client;

namespace RemoteExec.EndToEnd.Tests.Console;

/// <summary>The page of an action while that runs, in a real browser.</summary>
public sealed class LiveActionTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_an_action_writes_is_seen_while_it_runs_and_when_it_is_done(bool isDark)
    {
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "1");
        await using var channel = new RpcChannel(RpcAddress.Parse(server.GrpcAddress));
        await using var gate = new Gate();
        Task<Operation> done = ShellActions.ExecuteAsync(
            channel, $"printf '\\033[31;1mfailed\\033[0m: <b>no markup</b>\\033]0;title\\007 \\033[2K\\n'; echo aside >&2; {gate.Command}; i=0; while [ $i -lt 300 ]; do i=$((i + 1)); echo line $i; done").LastAsync(Token).AsTask();
        await using Browser browser = await Browser.OpenAsync(server.HttpAddress, isDark);
        IPage page = browser.Page;
        await browser.GoAsync("#/queue", "Queue and workers");

        await page.GetByRole(AriaRole.Region, new PageGetByRoleOptions { Name = "Operations" }).GetByRole(AriaRole.Link).ClickAsync();
        ILocator log = page.GetByRole(AriaRole.Region, new PageGetByRoleOptions { Name = "Standard output" });
        await Assertions.Expect(log).ToHaveTextAsync("failed: <b>no markup</b> ");
        await Assertions.Expect(log.Locator("span.red.bold")).ToHaveTextAsync("failed");
        await Assertions.Expect(page.GetByRole(AriaRole.Region, new PageGetByRoleOptions { Name = "Standard error" })).ToHaveTextAsync("aside");
        await Assertions.Expect(page.GetByText("It runs on")).ToBeVisibleAsync();
        await browser.LookAsync("action-live");
        await page.ReloadAsync(); // the address says it all
        await Assertions.Expect(log).ToHaveTextAsync("failed: <b>no markup</b> ");
        Assert.False(done.IsCompleted);
        await page.GetByRole(AriaRole.Checkbox, new PageGetByRoleOptions { Name = "wrap long lines" }).First.UncheckAsync();
        await Assertions.Expect(log).ToHaveCSSAsync("white-space", "pre");
        await page.EvaluateAsync("() => { Object.defineProperty(document, 'hidden', { value: true, configurable: true }); document.dispatchEvent(new Event('visibilitychange')); }");
        await page.EvaluateAsync("() => { Object.defineProperty(document, 'hidden', { value: false, configurable: true }); document.dispatchEvent(new Event('visibilitychange')); }");
        gate.Open();

        await done;
        await Assertions.Expect(log).ToContainTextAsync("line 300");
        await Assertions.Expect(page.GetByText("It runs on")).ToBeHiddenAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new PageGetByRoleOptions { Name = "Standard output", Exact = true })).ToBeVisibleAsync();
        await browser.LookAsync("action-done");
    }

    [Fact]
    public async Task The_log_of_an_operation_is_sent_as_it_is_written()
    {
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "1");
        await using var channel = new RpcChannel(RpcAddress.Parse(server.GrpcAddress));
        await using var gate = new Gate();
        await using IAsyncEnumerator<Operation> states = ShellActions.ExecuteAsync(channel, $"echo first; {gate.Command}; echo last; echo aside >&2").GetAsyncEnumerator(Token);
        await states.MoveNextAsync();
        string address = $"http://{server.HttpAddress}/api/v1/operations/{states.Current.Name}";
        using var client = new HttpClient();

        using (HttpResponseMessage answer = await client.GetAsync(new Uri($"{address}/stdout"), HttpCompletionOption.ResponseHeadersRead, Token))
        using (var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(Token)))
        {
            Assert.Equal("first", await reader.ReadLineAsync(Token)); // the action waits for the gate
            gate.Open();
            Assert.Equal("last\n", await reader.ReadToEndAsync(Token));
            Assert.Equal("text/plain", answer.Content.Headers.ContentType?.MediaType);
        }

        Assert.Equal("first\nlast\n", await client.GetStringAsync(new Uri($"{address}/stdout"), Token));
        Assert.Equal("aside\n", await client.GetStringAsync(new Uri($"{address}/stderr"), Token));
        using HttpResponseMessage absent = await client.GetAsync(new Uri($"http://{server.HttpAddress}/api/v1/operations/operations/6f9c2a4e-0000-4000-8000-000000000000/stdout"), Token);
        Assert.Equal((System.Net.HttpStatusCode.NotFound, "application/problem+json"), (absent.StatusCode, absent.Content.Headers.ContentType?.MediaType));
    }

    [Fact]
    public async Task A_server_that_stops_breaks_off_the_logs_that_are_followed()
    {
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "1", "--worker-listen", "127.0.0.1:0");
        await using var channel = new RpcChannel(RpcAddress.Parse(server.GrpcAddress));
        await using var gate = new Gate();
        await using IAsyncEnumerator<Operation> states = ShellActions.ExecuteAsync(channel, $"echo first; {gate.Command}").GetAsyncEnumerator(Token);
        await states.MoveNextAsync();
        using var client = new HttpClient();
        using HttpResponseMessage answer = await client.GetAsync(new Uri($"http://{server.HttpAddress}/api/v1/operations/{states.Current.Name}/stdout"), HttpCompletionOption.ResponseHeadersRead, Token);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(Token));
        Assert.Equal("first", await reader.ReadLineAsync(Token));

        Task<int> stopped = server.StopAsync();

        await Assert.ThrowsAnyAsync<IOException>(() => reader.ReadToEndAsync(Token));
        Assert.Equal(0, await stopped);
    }
}
