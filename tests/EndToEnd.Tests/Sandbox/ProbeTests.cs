using System.Text.Json;

namespace RemoteExec.EndToEnd.Tests.Sandbox;

/// <summary><c>remoteexec worker --probe</c>, as it is run on machines that allow more or less.</summary>
public sealed class ProbeTests
{
    private const string Nobody = "65534";

    [Fact]
    public async Task Root_has_the_highest_tier_and_is_told_what_actions_see()
    {
        Requires.True(Environment.IsPrivilegedProcess, "needs root");

        JsonElement report = await ProbeAsync([]);

        Assert.Equal("cached-trees", report.GetProperty("tier").GetString());
        Assert.Equal("as user 60599", report.GetProperty("users").GetString());
        Assert.Contains("/usr", report.GetProperty("hostPaths").EnumerateArray().Select(place => place.GetProperty("path").GetString()));
    }

    [Fact]
    public async Task An_ordinary_user_has_it_too_in_a_user_namespace()
    {
        Requires.True(Environment.IsPrivilegedProcess, "needs root, to become an ordinary user");

        JsonElement report = await ProbeAsync(["setpriv", $"--reuid={Nobody}", $"--regid={Nobody}", "--clear-groups"]);

        Assert.Equal("cached-trees", report.GetProperty("tier").GetString());
        Assert.Equal("in user namespaces of the worker's own user", report.GetProperty("users").GetString());
    }

    [Fact]
    public async Task Where_no_proc_can_be_mounted_as_in_an_unprivileged_pod_the_lowest_tier_is_left_and_why_is_told()
    {
        Requires.True(Environment.IsPrivilegedProcess, "needs root, to make such a place");

        // A part of /proc is covered, as container runtimes do it.
        JsonElement report = await ProbeAsync(
            ["unshare", "--mount", "sh", "-c", $"mount -t tmpfs none /proc/fs && exec setpriv --reuid={Nobody} --regid={Nobody} --clear-groups \"$@\"", "sh"]);

        Assert.Equal("directory", report.GetProperty("tier").GetString());
        Assert.Contains("all as the worker's own user", report.GetProperty("users").GetString(), StringComparison.Ordinal);
        JsonElement[] findings = [.. report.GetProperty("findings").EnumerateArray()];
        Assert.Equal(["cached-trees", "namespaces", "directory"], findings.Select(finding => finding.GetProperty("tier").GetString()));
        Assert.All(findings[..2], finding => Assert.Contains("mounting proc", finding.GetProperty("problem").GetString(), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("as user 60599")]
    [InlineData("in user namespaces of the worker's own user", "setpriv", $"--reuid={Nobody}", $"--regid={Nobody}", "--clear-groups")]
    public async Task Without_the_launcher_bwrap_makes_the_sandbox_and_that_is_told(string users, params string[] through)
    {
        Requires.True(Environment.IsPrivilegedProcess, "needs root, to become an ordinary user");
        Requires.Program("bwrap", "bubblewrap");
        using var build = new TemporaryDirectory();
        string program = await NoLauncher.CopyAsync(build.FullPath);

        JsonElement report = await ProbeAsync(through, program);

        Assert.Equal(("namespaces", users), (report.GetProperty("tier").GetString(), report.GetProperty("users").GetString()));
        Assert.Contains("/bwrap, which is slower", report.GetProperty("fallback").GetString(), StringComparison.Ordinal);
        Assert.Contains("is not there: it is made by ./dev build where there is a C compiler", report.GetProperty("fallback").GetString(), StringComparison.Ordinal);
        Assert.Equal(["cached-trees", "namespaces"], report.GetProperty("findings").EnumerateArray().Select(finding => finding.GetProperty("tier").GetString()));
    }

    [Fact]
    public async Task Without_launcher_and_bwrap_the_lowest_tier_is_left_and_what_lacks_is_told()
    {
        using var build = new TemporaryDirectory();
        string program = await NoLauncher.CopyAsync(build.FullPath);

        JsonElement report = await ProbeAsync(["env", "PATH=/nowhere"], program);

        Assert.Equal("directory", report.GetProperty("tier").GetString());
        Assert.Contains("by bwrap: there is no such program (package bubblewrap)", report.GetProperty("findings")[1].GetProperty("problem").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tier_that_is_asked_for_and_does_not_work_is_an_error_that_says_why()
    {
        Requires.True(Environment.IsPrivilegedProcess, "needs root, to make such a place");
        using var data = new TemporaryDirectory();
        await using ChildProcess probe = ChildProcess.Start(
            "unshare", ["--mount", "sh", "-c", $"mount -t tmpfs none /proc/fs && chown {Nobody} {data.FullPath} && exec setpriv --reuid={Nobody} --regid={Nobody} --clear-groups \"$@\"", "sh",
                ServerProcess.Program, "worker", "--probe", "--data", data.FullPath, "--set", "worker.sandbox.tier=namespaces"]);

        Assert.Equal(1, await probe.WaitForExitAsync());
        Assert.Contains("the sandbox 'namespaces' does not work here: ", probe.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task People_read_it_in_plain_words()
    {
        using var data = new TemporaryDirectory();
        await using ChildProcess probe = ChildProcess.Start(ServerProcess.Program, ["worker", "--probe", "--data", data.FullPath]);

        Assert.Equal(0, await probe.WaitForExitAsync());
        Assert.StartsWith("Actions run in the sandbox '", probe.Output, StringComparison.Ordinal);
    }

    private static async Task<JsonElement> ProbeAsync(string[] through, string? program = null)
    {
        using var data = new TemporaryDirectory();
        if (through.Length > 0)
            File.SetUnixFileMode(data.FullPath, (UnixFileMode)0x1FF); // 0777: somebody else's, too
        string[] line = [.. through, program ?? ServerProcess.Program, "worker", "--probe", "--json", "--data", Path.Combine(data.FullPath, "data")];
        await using ChildProcess probe = ChildProcess.Start(line[0], line[1..]);
        Assert.True(await probe.WaitForExitAsync() == 0, probe.Output + probe.Errors);
        return JsonDocument.Parse(probe.Output).RootElement.Clone();
    }
}
