using System.Text.RegularExpressions;
using RemoteExec.EndToEnd.Tests.Top;
using RemoteExec.Protocol;

namespace RemoteExec.EndToEnd.Tests.Replay;

/// <summary><c>remoteexec replay --shell</c>, by the real program: from pipes, and on a terminal.</summary>
public sealed class ShellTests(ReplayBed bed) : IClassFixture<ReplayBed>
{
    private const string Script = "echo the command; cat ../../in/text > flat; exit 4";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_shell_that_reads_a_pipe_sees_what_the_action_sees_and_runs_its_command_by_a_script()
    {
        (string action, Reapi.ActionResult _, string _) = await bed.ExecuteAsync(Script, "flat");

        await using ChildProcess shell = await bed.ShellAsync(9, $"printf 'pwd; id -un; hostname; echo \"$SAID\"; env | grep -c TERM=\\n/tmp/action; echo ended with $?\\ncat flat\\nexit 9\\n' | remoteexec replay {action} --shell 2>{bed["errors"]}");

        Assert.Equal("/work/inner/here\nbuild\nremoteexec\nit's here\n0\nthe command\nended with 4\nwhat is read\n", shell.Output);
        Assert.Contains("/tmp/action runs the command", await File.ReadAllTextAsync(bed["errors"], Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_done_in_a_shell_can_be_kept()
    {
        (string action, Reapi.ActionResult _, string _) = await bed.ExecuteAsync(Script, "flat");

        await using ChildProcess shell = await bed.ShellAsync(0, $"echo 'echo by hand > made; rm ../../in/text' | remoteexec replay {action} --shell --keep by-hand");

        Assert.Equal("by hand\n", await File.ReadAllTextAsync(bed["by-hand/root/inner/here/made"], Token));
        Assert.Empty(Directory.GetFileSystemEntries(bed["by-hand/root/in"]));
    }

    [Theory]
    [InlineData("cached-trees", false)]
    [InlineData("cached-trees", true)]
    [InlineData("namespaces", false)]
    [InlineData("directory", false)]
    [InlineData("directory", true)]
    public async Task On_a_terminal_it_has_job_control_keys_and_the_size_of_the_terminal(string tier, bool isNobody)
    {
        Requires.True(!isNobody || System.Environment.IsPrivilegedProcess, "needs root, to become an ordinary user");
        (string action, Reapi.ActionResult _, string _) = await bed.ExecuteAsync(Script, "flat");

        await ConverseAsync([.. isNobody ? bed.Nobody : [], ServerProcess.Program, "replay", action, "--shell", "--tier", tier]);
    }

    [Fact]
    public async Task By_bwrap_it_has_all_of_that_as_well()
    {
        Requires.Program("bwrap", "bubblewrap");
        using var build = new TemporaryDirectory();
        string program = await RemoteExec.EndToEnd.Tests.Sandbox.NoLauncher.CopyAsync(build.FullPath);
        (string action, Reapi.ActionResult _, string _) = await bed.ExecuteAsync(Script, "flat");

        await ConverseAsync([program, "replay", action, "--shell"]);
    }

    [Fact]
    public async Task When_it_is_stopped_or_its_terminal_is_gone_no_process_file_mount_or_group_is_left()
    {
        (string action, Reapi.ActionResult _, string _) = await bed.ExecuteAsync(Script, "flat");
        foreach (string signal in (string[])["TERM", "HUP"])
        {
            await using var terminal = PseudoTerminal.Start(120, 40, bed.Environment, [ServerProcess.Program, "replay", action, "--shell"]);
            await terminal.WaitForLineAsync("runs the command");
            await terminal.TypeAsync("setsid sleep 31415 & ec\"\"ho un\"\"der way\n");
            await terminal.WaitForLineAsync("under way");
            string sleep = await WaitForAsync("sleep 31415");
            string[] groups = [.. (await File.ReadAllLinesAsync($"/proc/{sleep}/cgroup", Token)).Select(line => line.Split(':')[2]).Where(group => group.Contains("/remoteexec-", StringComparison.Ordinal))];

            await using (ChildProcess kill = ChildProcess.Start("pkill", [$"-{signal}", "-f", $"replay {action} --shell$"]))
                await kill.WaitForExitAsync();
            string end = await terminal.WaitForEndAsync();

            Assert.StartsWith(PseudoTerminal.End + "130\n", end, StringComparison.Ordinal);
            Assert.Equal("", await FindAsync("sleep 31415"));
            Assert.Empty(bed.Scratch);
            Assert.DoesNotContain("remoteexec-replay-", await File.ReadAllTextAsync("/proc/self/mounts", Token), StringComparison.Ordinal);
            Assert.DoesNotContain(groups, group => Directory.Exists($"/sys/fs/cgroup{group}") || Directory.EnumerateDirectories("/sys/fs/cgroup").Any(hierarchy => Directory.Exists(hierarchy + group)));
        }
    }

    [Fact]
    public async Task An_action_with_its_own_root_file_system_has_the_shell_of_that_or_none()
    {
        Requires.True(File.Exists("/bin/busybox"), "needs busybox-static");
        TestBlob busybox = TestBlob.Of(await File.ReadAllBytesAsync("/bin/busybox", Token));
        MerkleTree inputs = new MerkleTreeBuilder(default, DigestFunction.Sha256).AddDirectory("inner/here").Build();
        MerkleTree with = ImageOf("sh", busybox), without = ImageOf("cat", busybox);
        string hasShell = await bed.PrepareAsync("echo in the image; ls /", inputs, Asking(with), [busybox, .. Blobs(with)]), hasNone = await bed.PrepareAsync("true", inputs, Asking(without), [busybox, .. Blobs(without)]);

        await using ChildProcess run = await bed.RunAsync(0, hasShell);
        await using ChildProcess shell = await bed.ShellAsync(0, $"echo 'busybox ls /; /tmp/action' | remoteexec replay {hasShell} --shell");
        await using ChildProcess none = await bed.ShellAsync(125, $"echo exit | remoteexec replay {hasNone} --shell");

        Assert.Contains("in the image\n", run.Output, StringComparison.Ordinal);
        Assert.Contains("\nbin\ndev\nproc\ntmp\nwork\nin the image\n", shell.Output, StringComparison.Ordinal);
        Assert.Contains("the action's root file system has no shell (/bin/bash, /bin/sh, ", none.Errors, StringComparison.Ordinal);
    }

    private async Task ConverseAsync(string[] arguments)
    {
        await using var terminal = PseudoTerminal.Start(120, 40, bed.Environment, arguments);
        await terminal.WaitForLineAsync("runs the command");
        await terminal.TypeAsync("stty size; echo \"TERM is $TERM\"; echo rea\"\"dy > made; tail -f made\n"); // what says it has the keys by then
        await terminal.WaitForLineAsync("ready");
        await terminal.TypeAsync("\x1a"); // Ctrl-Z
        await terminal.WaitForLineAsync("Stopped");
        await terminal.TypeAsync("kill %1; wait 2>/dev/null; echo ag\"\"ain > made; tail -f made\n");
        await terminal.WaitForLineAsync("again");
        await terminal.TypeAsync("\x03"); // Ctrl-C
        await terminal.TypeAsync("ec\"\"ho inter\"\"rupted with $?\n");
        await terminal.WaitForLineAsync("interrupted with 130");
        await terminal.ResizeAsync(77, 22);
        await terminal.TypeAsync("until stty size | grep '22 77'; do sleep 0.2; done; exit 6\n");
        string end = await terminal.WaitForEndAsync();

        Assert.StartsWith(PseudoTerminal.End + "6\n", end, StringComparison.Ordinal);
        Assert.Contains("\n40 120\nTERM is xterm-256color\n", Regex.Replace(terminal.Written, "[\r\n]+", "\n"), StringComparison.Ordinal);
        Assert.Matches(@"[^-]icanon[^§]*[^-]echo ", end); // the real terminal is as it was
        Assert.Empty(bed.Scratch);
    }

    private static MerkleTree ImageOf(string program, TestBlob busybox) => new MerkleTreeBuilder(default, DigestFunction.Sha256)
        .AddFile("bin/busybox", busybox.Digest, isExecutable: true).AddSymlink($"bin/{program}", "busybox").AddSymlink("bin/ls", "busybox").Build();

    private static Reapi.Platform Asking(MerkleTree image) => new()
    {
        Properties = { new Reapi.Platform.Types.Property { Name = "rootfs", Value = $"{image.RootDigest.Hash}/{image.RootDigest.SizeBytes}" } },
    };

    private static IEnumerable<TestBlob> Blobs(MerkleTree tree) => tree.Blobs.Select(blob => TestBlob.Of(blob.Value.ToArray()));

    private static async Task<string> WaitForAsync(string command)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Token);
        enough.CancelAfter(TimeSpan.FromMinutes(1));
        string id;
        while ((id = await FindAsync(command)).Length == 0)
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, enough.Token);
        return id;
    }

    private static async Task<string> FindAsync(string command)
    {
        await using ChildProcess find = ChildProcess.Start("pgrep", ["-f", $"^{command}"]);
        await find.WaitForExitAsync();
        return find.Output.Trim();
    }
}
