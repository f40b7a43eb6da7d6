using System.Text.RegularExpressions;
using Microsoft.Playwright;
using RemoteExec.EndToEnd.Tests.Bazel;

namespace RemoteExec.EndToEnd.Tests.Console;

/// <summary>Somebody starts a server, does what it prints, and looks.</summary>
public sealed partial class NewcomerTests
{
    [Theory]
    [InlineData("remote", "executed")]
    [InlineData("cache", "stored")]
    public async Task A_build_with_the_flags_that_are_printed_is_seen_live_with_its_hit_rate_and_why_each_miss_missed(string config, string outcome)
    {
        Requires.Bazel();
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "2");
        string[] flags = [.. FlagsOf(server.Output, config)];
        string console = Url().Match(server.Output).Groups["url"].Value;
        Assert.Contains(flags, flag => flag.StartsWith($"--remote_{(config == "remote" ? "executor" : "cache")}=", StringComparison.Ordinal));
        await using var workspace = new BazelWorkspace();
        await using var gate = new Gate();
        workspace.Write("in0.txt", "at first\n");
        workspace.Write("in1.txt", "always\n");
        workspace.Write(
            "BUILD",
            $$"""
            [genrule(name = "made%d" % i, srcs = ["in%d.txt" % i], outs = ["out%d.txt" % i], cmd = "cat $< > $@") for i in range(2)]
            genrule(name = "both", srcs = ["out0.txt", "out1.txt"], outs = ["both.txt"], cmd = "{{gate.Command}}; cat $(SRCS) > $@")
            """);

        await using Browser browser = await Browser.OpenAsync(new Uri(console).Authority);
        IPage page = browser.Page;
        await page.GotoAsync(console);
        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Builds", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new PageGetByRoleOptions { Name = "Builds", Level = 1 }).WaitForAsync();
        await browser.LookAsync($"newcomer-{config}-empty");

        // It is seen while its last action runs, without a reload.
        await using (ChildProcess bazel = workspace.Start("build", [.. flags, "//:both"]))
        {
            await page.GetByRole(AriaRole.Row).Filter(new LocatorFilterOptions { HasText = "bazel" }).GetByRole(AriaRole.Link).ClickAsync();
            await page.GetByText($"2 {outcome}").First.WaitForAsync();
            Assert.False(bazel.HasExited, bazel.Output);
            await browser.LookAsync($"newcomer-{config}-running");
            gate.Open();
            Assert.True(await bazel.WaitForExitAsync() == 0, bazel.Output);
            await page.GetByText($"3 {outcome}").First.WaitForAsync();
        }

        workspace.Write("in0.txt", "now\n");
        await workspace.CleanAsync();
        (await workspace.BuildAsync([.. flags, "//:both"])).Succeeded();
        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Builds", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new PageGetByRoleOptions { Name = "Builds", Level = 1 }).WaitForAsync();
        await page.GetByRole(AriaRole.Row).Filter(new LocatorFilterOptions { HasText = "33.3 %" }).GetByRole(AriaRole.Link).ClickAsync();
        await page.GetByText("33.3 %").First.WaitForAsync();
        if (config == "remote")
            await page.GetByRole(AriaRole.Cell, new PageGetByRoleOptions { Name = "in0.txt changed" }).WaitForAsync();
        else
            await page.GetByRole(AriaRole.Heading, new PageGetByRoleOptions { Name = "Why did actions miss?" }).WaitForAsync();
        await browser.LookAsync($"newcomer-{config}");
    }

    // As Bazel reads these lines: a configuration may have another in it.
    private static IEnumerable<string> FlagsOf(string output, string config) => Line().Matches(output)
        .Where(match => match.Groups["config"].Value == config).SelectMany(match => match.Groups["flags"].Value.Split(' '))
        .SelectMany(flag => flag.StartsWith("--config=", StringComparison.Ordinal) ? FlagsOf(output, flag["--config=".Length..]) : [flag]);

    [GeneratedRegex(@"^build:(?<config>\S+) (?<flags>--.*)$", RegexOptions.Multiline)]
    private static partial Regex Line();

    [GeneratedRegex(@"The console, for the browser: (?<url>http://\S+)")]
    private static partial Regex Url();
}
