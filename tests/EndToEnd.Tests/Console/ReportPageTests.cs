using Microsoft.Playwright;
using RemoteExec.EndToEnd.Tests.Bazel;

namespace RemoteExec.EndToEnd.Tests.Console;

/// <summary>What the console shows of a build that a real Bazel has told of.</summary>
public sealed class ReportPageTests(SharedWorkspace shared)
{
    [Fact]
    public async Task A_build_shows_who_built_it_how_it_ended_and_what_failed_by_the_address_that_Bazel_prints()
    {
        Requires.Program("chromium", "chromium");
        BazelWorkspace workspace = await shared.GetCleanAsync();
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0");
        workspace.Write("shown/BUILD", """
            genrule(name = "good", outs = ["good.txt"], cmd = "echo good > $@")
            genrule(name = "bad", outs = ["bad.txt"], cmd = "echo what went wrong >&2; exit 3")
            sh_test(name = "fails", srcs = ["fails.sh"], size = "small")
            """);
        workspace.Write("shown/fails.sh", "#!/bin/sh\necho how it failed\nexit 1\n");
        File.SetUnixFileMode(workspace.Source("shown/fails.sh"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        string id = Guid.NewGuid().ToString();
        await workspace.RunAsync("test", server.RemoteCacheFlag, $"--bes_backend=grpc://{server.GrpcAddress}", $"--invocation_id={id}", "--keep_going", "//shown/...");
        Directory.Delete(workspace.Source("shown"), recursive: true);

        await using Browser browser = await Browser.OpenAsync(server.HttpAddress);
        IPage page = browser.Page;
        await browser.GoAsync("#/builds", "Builds");
        await page.GetByRole(AriaRole.Cell, new PageGetByRoleOptions { Name = Environment.UserName }).WaitForAsync();
        await page.GetByLabel("status").SelectOptionAsync("succeeded");
        await page.GetByText("No such build is known.").WaitForAsync();
        await page.GetByLabel("status").SelectOptionAsync("failed");
        await page.GetByRole(AriaRole.Cell, new PageGetByRoleOptions { Name = "failed" }).WaitForAsync();
        await browser.LookAsync("builds-failed");

        await page.GotoAsync($"http://{server.HttpAddress}/console/builds/{id}");
        await page.GetByText("exit code 1 (BUILD_FAILURE)").WaitForAsync();
        await page.GetByText("test //shown/...").WaitForAsync();
        ILocator targets = page.GetByRole(AriaRole.Region, new PageGetByRoleOptions { Name = "Targets", Exact = true });
        await targets.GetByText("//shown:good").WaitForAsync();
        await page.GetByText("3 targets: 2 ok, 1 failed; 1 test: 1 failed").WaitForAsync();
        Assert.Equal("//shown:bad", await targets.GetByRole(AriaRole.Cell).First.TextContentAsync());
        await browser.LookAsync("build-failed");
        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "test.log" }).ClickAsync();
        await page.GetByText("how it failed").WaitForAsync();
        await page.GoBackAsync();
        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "stderr" }).ClickAsync();
        await page.GetByText("what went wrong").WaitForAsync();
    }
}
