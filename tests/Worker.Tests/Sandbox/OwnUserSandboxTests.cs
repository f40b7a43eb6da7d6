using RemoteExec.Worker.Machine;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Worker.Tests.Sandbox;

/// <summary>The directory tier with a user for each action; only where the tests run as root.</summary>
public sealed class OwnUserSandboxTests : SandboxContract
{
    private static readonly Lazy<ActionUsers> users = new(() => new ActionUsers(Needs.MaxProcesses));

    private protected override Task<SandboxChoice> MakeSandboxAsync(ScratchDirectory scratch) =>
        Task.FromResult(ToChoice(new DirectorySandbox(TimeProvider.System, new MemoryKills("/"))));

    private protected override ActionUser? TakeUser()
    {
        Needs.ActionUsers();
        return users.Value.Take();
    }

    private protected override void ReturnUser(ActionUser? user)
    {
        if (user is not null)
            users.Value.Return(user);
    }

    [Fact]
    public async Task An_action_has_a_user_and_a_group_of_its_own_and_no_rights()
    {
        await ShellAsync("id -u; id -G; grep -E 'Cap(Inh|Prm|Eff|Amb)|NoNewPrivs' /proc/self/status");

        uint id = Directory.User!.Id;
        Assert.Equal(
            $"{id}\n{id}\nCapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\n", Stdout);
    }

    [Fact]
    public async Task An_action_can_not_reach_another_actions_directory()
    {
        ActionUser other = users.Value.Take();
        await using var temp = await OtherAction.MakeAsync(other);

        SandboxOutcome outcome = await ShellAsync($"cat {temp.Secret} || ls {temp.Directory.Root} || touch {temp.Directory.Root}/x || ls {Path.GetDirectoryName(Path.GetDirectoryName(Directory.Root))}");

        users.Value.Return(other);
        Assert.NotEqual(0, outcome.ExitCode);
        Assert.Empty(Stdout);
    }

    [Fact]
    public async Task An_action_can_not_reach_the_worker()
    {
        SandboxOutcome outcome = await ShellAsync(
            $"kill -0 {Environment.ProcessId} || cat /proc/{Environment.ProcessId}/environ || ls /proc/{Environment.ProcessId}/fd || : > /proc/{Environment.ProcessId}/mem");

        Assert.NotEqual(0, outcome.ExitCode);
        Assert.Empty(Stdout);
    }

    [Fact]
    public async Task An_action_can_not_have_more_processes_than_allowed()
    {
        await ShellAsync("perl -e 'for (1..1000) { $p = fork; last unless defined $p; if (!$p) { sleep 987; exit } $n++ } print $n'");

        Assert.InRange(int.Parse(Stdout), 1, Needs.MaxProcesses);
    }

    [Fact]
    public async Task An_action_can_not_replace_its_output_files()
    {
        string action = Path.GetDirectoryName(Directory.StdoutPath)!;

        SandboxOutcome outcome = await ShellAsync($"ln -sf /etc/shadow {action}/stdout || rm -f {action}/stdout || mv {action}/root {action}/elsewhere");

        Assert.NotEqual(0, outcome.ExitCode);
    }

    [Fact]
    public async Task A_fork_bomb_is_bounded_and_ended()
    {
        SandboxOutcome outcome = await ShellAsync("bomb() { bomb | bomb & bomb; }; bomb", TimeSpan.FromSeconds(1));

        Assert.True(outcome.ExitCode != 0 || !outcome.TimedOut);
        AssertNoProcessOf(Directory.User!);
    }

    [Fact]
    public async Task Processes_that_keep_forking_away_are_ended()
    {
        WriteScript("runner", "if [ $(ls /proc | wc -l) -lt 2000 ]; then setsid $0 & fi; exit 0");

        await ShellAsync("setsid ./runner & setsid ./runner & sleep 0.3");

        AssertNoProcessOf(Directory.User!);
    }

    private static void AssertNoProcessOf(ActionUser user) =>
        Assert.DoesNotContain(ProcessStatus.All(), process => ProcessStatus.UserOf(process.Id) == user.Id);

    private sealed class OtherAction : IAsyncDisposable
    {
        private readonly TempDirectory temp = new();
        private ScratchDirectory? scratch;

        public ActionDirectory Directory { get; private set; } = null!;

        public string Secret => Path.Combine(Directory.Root, "secret");

        public static async Task<OtherAction> MakeAsync(ActionUser user)
        {
            var other = new OtherAction();
            other.scratch = await ScratchDirectory.OpenAsync(other.temp.Path, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
            other.Directory = other.scratch.MakeActionDirectory(user);
            await File.WriteAllTextAsync(other.Secret, "secret");
            return other;
        }

        public async ValueTask DisposeAsync()
        {
            await Directory.DisposeAsync();
            await scratch!.DisposeAsync();
            temp.Dispose();
        }
    }
}
