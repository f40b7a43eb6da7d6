using RemoteExec.Worker.Sandbox;
using RemoteExec.Worker.Sandbox.Groups;

namespace RemoteExec.Worker.Tests.Sandbox;

/// <summary>What the tiers with namespaces promise beyond the contract of all.</summary>
public abstract class NamespaceSandboxContract(bool overlays, bool isUserMapped) : SandboxContract
{
    private const long Megabyte = 1024 * 1024;
    [Fact, Trait("Needs", "control groups")]
    public async Task A_command_gets_no_more_memory_than_its_limit_and_that_is_told()
    {
        Needs.Groups(Choice.Report.LimitProblems);
        Limits = new SandboxLimits(64 * Megabyte, 0, 0);

        SandboxOutcome outcome = await ShellAsync("head -c 400000000 /dev/zero | tail -c 400000000 | wc -c; exit ${PIPESTATUS[1]}");

        Assert.Equal(137, outcome.ExitCode);
        Assert.True(outcome.OutOfMemory);
    }

    [Fact, Trait("Needs", "control groups")]
    public async Task What_it_writes_to_files_does_not_count_as_long_as_it_can_be_dropped()
    {
        Needs.Groups(Choice.Report.LimitProblems);
        Limits = new SandboxLimits(64 * Megabyte, 0, 0);

        SandboxOutcome outcome = await ShellAsync("head -c 200000000 /dev/zero > file; wc -c < file");

        Assert.Equal("200000000\n", Stdout);
        Assert.False(outcome.OutOfMemory);
    }

    [Fact, Trait("Needs", "control groups")]
    public async Task A_command_that_copes_with_the_loss_of_a_process_has_not_run_out_of_memory()
    {
        Needs.Groups(Choice.Report.LimitProblems);
        Limits = new SandboxLimits(64 * Megabyte, 0, 0);

        SandboxOutcome outcome = await ShellAsync("head -c 400000000 /dev/zero | tail -c 400000000 > /dev/null; echo ${PIPESTATUS[1]}");

        Assert.Equal("137\n", Stdout);
        Assert.Equal((0, false), (outcome.ExitCode, outcome.OutOfMemory));
    }

    [Fact, Trait("Needs", "control groups")]
    public async Task A_fork_bomb_ends_at_its_limit_of_processes()
    {
        Needs.Groups(Choice.Report.LimitProblems);
        Limits = new SandboxLimits(0, 0, 50);

        await ShellAsync("perl -e 'for (1..200) { $p = fork; last unless defined $p; if (!$p) { exec split(/ /, \"sleep 987\") } $n++ } print $n'");

        Assert.InRange(int.Parse(Stdout, System.Globalization.CultureInfo.InvariantCulture), 1, 50);
        AssertNothingIsLeft();
    }

    [Fact, Trait("Needs", "control groups")]
    public async Task No_group_is_left()
    {
        Needs.Groups(Choice.Report.LimitProblems);
        IsSpent = true;
        await ShellAsync("sleep 987 & sleep 987 & exit 0");
        string[] own = [.. Choice.Groups!.OwnDirectories];
        Assert.All(own, group => Assert.NotEmpty(System.IO.Directory.GetDirectories(group)));

        await Sandbox.DisposeAsync();
        Assert.All(own, group => Assert.Empty(System.IO.Directory.GetDirectories(group)));

        await Choice.Groups.DisposeAsync();
        Assert.All(own, group => Assert.False(System.IO.Directory.Exists(group)));
    }

    [Fact, Trait("Needs", "control groups")]
    public async Task Its_limits_are_those_of_its_group()
    {
        Needs.Groups(Choice.Report.LimitProblems);
        Limits = new SandboxLimits(64 * Megabyte, 3000, 50);

        await ShellAsync("true");

        Dictionary<(string, int), string> expected = new()
        {
            [("memory", 1)] = "memory.limit_in_bytes=67108864",
            [("memory", 2)] = "memory.max=67108864",
            [("cpu", 1)] = "cpu.shares=3072",
            [("cpu", 2)] = "cpu.weight=300",
            [("pids", 1)] = "pids.max=50",
            [("pids", 2)] = "pids.max=50",
        };
        Assert.All(Choice.Groups!.Controllers, controller =>
        {
            string[] wanted = expected[(controller.Name, controller.Version)].Split('=');
            string own = Choice.Groups.OwnDirectories.Single(directory => Path.GetDirectoryName(directory) == controller.Directory);
            Assert.Contains(System.IO.Directory.GetDirectories(own), slot => File.ReadAllText(Path.Combine(slot, wanted[0])).Trim() == wanted[1]);
        });
    }

    [Fact]
    public async Task A_program_that_runs_on_is_spoken_with_and_leads_the_worker_nowhere()
    {
        var sandbox = (NamespaceSandbox)Sandbox;
        var command = new SandboxCommand
        {
            Arguments = ["/bin/sh", "-c", "ln -s /etc link; mkdir directory; echo inside > directory/file; while read -r line; do echo \"heard $line\"; done"],
            Environment = new Dictionary<string, string> { ["PATH"] = "/usr/bin:/bin" },
            Directory = Directory,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        await using (LongRun run = await sandbox.BeginAsync(command, TestContext.Current.CancellationToken))
        {
            using var reader = new StreamReader(run.Channel, leaveOpen: true);
            await run.Channel.WriteAsync("me\n"u8.ToArray(), TestContext.Current.CancellationToken);

            Assert.Equal("heard me", await reader.ReadLineAsync(TestContext.Current.CancellationToken));
            Assert.Equal("inside\n", await File.ReadAllTextAsync($"{run.View}/directory/file", TestContext.Current.CancellationToken));
            Assert.True(File.Exists($"{Directory.Root}/link/passwd"));
            Assert.False(File.Exists($"{run.View}/link/passwd"));
            Assert.Throws<IOException>(() => System.IO.Directory.GetFileSystemEntries($"{run.View}/link/"));
            Assert.True(run.IsAlive);
        }
    }

    [Fact]
    public async Task A_program_that_ends_before_it_begins_to_speak_can_be_told()
    {
        var command = new SandboxCommand { Arguments = ["/bin/nothing"], Environment = new Dictionary<string, string>(), Directory = Directory, Timeout = Timeout.InfiniteTimeSpan };

        await using LongRun run = await ((NamespaceSandbox)Sandbox).BeginAsync(command, TestContext.Current.CancellationToken);

        Assert.Equal(0, await run.Channel.ReadAsync(new byte[1], TestContext.Current.CancellationToken));
    }

    private protected override async Task<SandboxChoice> MakeSandboxAsync(ScratchDirectory scratch)
    {
        (ControlGroups? groups, IReadOnlyList<string> problems) = await ControlGroups.OpenAsync("/", scratch.Location);
        var settings = new NamespaceSettings
        {
            Program = Path.Combine(AppContext.BaseDirectory, "remoteexec-launcher"),
            IsUserMapped = isUserMapped,
            Overlays = overlays,
            Host = new HostMounts(HostMounts.Default),
            Groups = groups,
        };
        return ToChoice(new NamespaceSandbox(settings, scratch, TimeProvider.System), groups, problems);
    }

    private protected override ActionUser? TakeUser()
    {
        Needs.ActionUsers();
        return isUserMapped ? null : ActionUsers.OneForAll(NamespaceSettings.User).Take();
    }

    private protected override void ReturnUser(ActionUser? user)
    {
    }
}

/// <summary>Input roots that are laid out, bound into the sandbox.</summary>
public sealed class NamespacesTierTests() : NamespaceSandboxContract(overlays: false, isUserMapped: false);

/// <summary>Input roots that are overlays.</summary>
public sealed class CachedTreesTierTests() : NamespaceSandboxContract(overlays: true, isUserMapped: false);

/// <summary>Overlays in a user namespace, as for a worker that is not root.</summary>
public sealed class MappedUserTierTests() : NamespaceSandboxContract(overlays: true, isUserMapped: true);
