using System.Text.Json;
using Microsoft.Playwright;

namespace RemoteExec.EndToEnd.Tests.Console;

/// <summary>The console of a server that wants to know who is there: the browser asks, and what is typed is a token.</summary>
public sealed class SignInTests : IDisposable
{
    private readonly TemporaryDirectory files = new();

    public void Dispose() => files.Dispose();

    [Fact]
    public async Task An_operator_types_his_token_and_sees_and_steers()
    {
        await using ChildProcess create = ChildProcess.Start("bash", ["-c", $"{ServerProcess.Program} token create ann --role operator --tokens {files["tokens"]} 2>/dev/null > {files["token"]}"]);
        Assert.Equal(0, await create.WaitForExitAsync());
        string token = (await File.ReadAllTextAsync(files["token"], TestContext.Current.CancellationToken)).Trim();
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "1", "--set", $"auth.tokens.file={files["tokens"]}", "--set", $"auth.audit.file={files["audit"]}", "--set", "worker.name=build-7");
        await using Browser browser = await Browser.OpenAsync(server.HttpAddress, credentials: new HttpCredentials { Username = "ann", Password = token });

        await browser.GoAsync("#/queue", "Queue and workers");
        await browser.Page.GetByText("build-7").First.WaitForAsync();
        int drained = await browser.Page.EvaluateAsync<int>("fetch('/api/v1/workers:drain', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{\"name\":\"build-7\"}' }).then(response => response.status)");

        Assert.Equal(200, drained);
        while (!(await File.ReadAllTextAsync(files["audit"], TestContext.Current.CancellationToken)).Contains("workers.drain", StringComparison.Ordinal))
            await Task.Delay(20, TestContext.Current.CancellationToken);
        JsonElement entry = (await File.ReadAllLinesAsync(files["audit"], TestContext.Current.CancellationToken)).Select(line => JsonDocument.Parse(line).RootElement).Last(line => line.GetProperty("what").GetString() == "workers.drain");
        Assert.Equal("ann", entry.GetProperty("caller").GetString());
    }
}
