using RemoteExec.Worker.Sandbox;
using RemoteExec.Worker.Sandbox.Bubblewrap;
using RemoteExec.Worker.Sandbox.Groups;

namespace RemoteExec.Worker.Tests.Sandbox;

/// <summary>The tier with namespaces as bwrap makes it.</summary>
public abstract class BubblewrapSandboxContract(bool isUserMapped, string program = "/usr/bin/bwrap") : SandboxContract
{
    [Fact]
    public async Task A_command_gets_no_more_memory_than_its_limit_and_that_is_told()
    {
        Needs.Groups(Choice.Report.LimitProblems);
        Limits = new SandboxLimits(64 * 1024 * 1024, 0, 0);

        SandboxOutcome outcome = await ShellAsync("head -c 400000000 /dev/zero | tail -c 400000000 | wc -c; exit ${PIPESTATUS[1]}");

        Assert.Equal((137, true), (outcome.ExitCode, outcome.OutOfMemory));
    }

    // bwrap ends its first process as soon as the command has ended, and what that had not collected counts for nobody.
    [Fact]
    public override async Task The_time_of_what_it_leaves_running_is_measured_as_well()
    {
        SandboxOutcome outcome = await ShellAsync("(setsid bash -c 'touch done; sleep 987' &); until [ -e done ]; do sleep 0.02; done; while read -r -a fields < /proc/$BASHPID/stat; (( fields[13] + fields[14] < 20 )); do :; done");

        Assert.InRange(outcome.Usage.CpuTime, TimeSpan.FromMilliseconds(190), TimeSpan.FromMinutes(1));
        AssertNothingIsLeft();
    }

    [Fact]
    public async Task A_file_gets_no_longer_than_its_limit()
    {
        Limits = new SandboxLimits(0, 0, 0) { FileBytes = 10_000 };

        await ShellAsync("head -c 100000 /dev/zero > file; wc -c < file");

        Assert.Equal("10240\n", Stdout); // whole blocks
    }

    [Fact]
    public async Task It_sees_itself_its_inputs_and_the_tools_and_nothing_else()
    {
        await ShellAsync("echo $(ls -A / | grep -v -e lib -e bin); ls /proc | grep -c '^[0-9]'; id -u; hostname; cat /proc/net/dev | grep -c :; touch /x /etc/x /dev/x /usr/x; echo $(ls -A /tmp /dev/shm)");

        Assert.Equal($".command dev etc proc tmp usr work\n4\n{NamespaceSettings.User}\nremoteexec\n1\n/dev/shm: /tmp:\n", Stdout);
        Assert.Equal(4, Stderr.Split('\n').Count(line => line.Contains("Read-only file system", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Its_first_process_which_has_no_filter_can_not_be_reached()
    {
        // ptrace(PTRACE_ATTACH), process_vm_readv; of its own child it may do both.
        await ShellAsync("perl -e 'for ($$, 1) { $p = $_ > 1 ? (fork || (sleep 987)) : 1; print syscall(101, 16, $p, 0, 0), \" \", syscall(310, $p, 0, 0, 0, 0, 0), \"\\n\" }'; ls /proc/1");

        Assert.Equal("0 0\n-1 -1\n", Stdout);
    }

    [Fact]
    public async Task Programs_and_arguments_of_any_name_and_number_arrive()
    {
        WriteScript("a=b", "shift 19998; echo \"$0 $1 $2 $#\"");

        await RunAsync([], ["./a=b", .. Enumerable.Range(1, 20_000).Select(number => $"-{number}")]);

        Assert.Equal("./a=b -19999 -20000 2\n", Stdout);
    }

    [Fact]
    public async Task What_bwrap_can_not_do_is_told_as_it_says_it()
    {
        System.IO.Directory.Delete(Directory.Temporary);

        IOException failure = await Assert.ThrowsAsync<SandboxUnavailableException>(() => ShellAsync("true"));

        Assert.Contains("bwrap: Can't find source path", failure.Message, StringComparison.Ordinal);
    }

    private protected override async Task<SandboxChoice> MakeSandboxAsync(ScratchDirectory scratch)
    {
        (ControlGroups? groups, IReadOnlyList<string> problems) = await ControlGroups.OpenAsync("/", scratch.Location);
        var settings = new NamespaceSettings { Program = program, IsUserMapped = isUserMapped, Overlays = false, Host = new HostMounts(HostMounts.Default), Groups = groups };
        return ToChoice(new BubblewrapSandbox(settings, scratch, TimeProvider.System), groups, problems);
    }

    private protected override ActionUser? TakeUser()
    {
        RemoteExec.TestKit.Requires.Program("bwrap", "bubblewrap");
        Needs.ActionUsers();
        return isUserMapped ? null : ActionUsers.OneForAll(NamespaceSettings.User).Take();
    }

    private protected override void ReturnUser(ActionUser? user)
    {
    }
}

/// <summary>As a user that bwrap is started as.</summary>
public sealed class BubblewrapTierTests() : BubblewrapSandboxContract(isUserMapped: false);

/// <summary>As the worker's own user.</summary>
public sealed class BubblewrapOwnUserTierTests() : BubblewrapSandboxContract(isUserMapped: true);
