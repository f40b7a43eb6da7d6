using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Worker.Machine;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Worker.Tests;

public sealed class ScratchDirectoryTests : IDisposable
{
    private readonly TempDirectory temp = new();

    public void Dispose() => temp.Dispose();

    [Fact]
    public async Task What_an_earlier_worker_left_is_deleted()
    {
        ScratchDirectory first = await OpenAsync();
        ActionDirectory action = first.MakeActionDirectory(null);
        await File.WriteAllTextAsync(Path.Combine(action.Root, "left"), "x", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(first.Cache, "left"), "x", TestContext.Current.CancellationToken);
        await first.DisposeAsync(); // without disposing the action's directory: a crash

        ScratchDirectory second = await OpenAsync();
        Assert.Empty(Directory.EnumerateFileSystemEntries(second.Actions));
        Assert.Empty(Directory.EnumerateFileSystemEntries(second.Cache));
        await second.DisposeAsync();

        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(temp.Path, "trash")));
    }

    [Fact]
    public async Task Processes_that_a_crashed_worker_left_running_are_ended()
    {
        Needs.ActionUsers();
        ScratchDirectory first = await OpenAsync();
        var users = new ActionUsers(Needs.MaxProcesses);
        ActionUser user = users.Take();
        ActionDirectory action = first.MakeActionDirectory(user);
        var sandbox = new DirectorySandbox(TimeProvider.System, new MemoryKills("/"));
        Task<SandboxOutcome> running = sandbox.RunAsync(
            new SandboxCommand
            {
                Arguments = ["/bin/sh", "-c", "echo started; sleep 987"],
                Environment = new Dictionary<string, string>(),
                Directory = action,
                Timeout = TimeSpan.FromMinutes(5),
            },
            TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => File.Exists(action.StdoutPath) && File.ReadAllText(action.StdoutPath).Length > 0);
        users.Dispose(); // the claims end with the process
        await first.DisposeAsync();

        await using ScratchDirectory second = await OpenAsync();

        Assert.Equal(137, (await running).ExitCode);
    }

    [Fact]
    public async Task Two_workers_can_not_share_a_directory()
    {
        await using ScratchDirectory first = await OpenAsync();

        IOException exception = await Assert.ThrowsAsync<IOException>(OpenAsync);

        Assert.Contains("another worker", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_directory_that_was_given_up_can_be_taken()
    {
        await (await OpenAsync()).DisposeAsync();

        await (await OpenAsync()).DisposeAsync();
    }

    [Fact]
    public async Task Roots_have_no_symlinks_in_their_paths_and_can_not_be_guessed()
    {
        string link = Path.Combine(temp.Path, "link");
        string real = Directory.CreateDirectory(Path.Combine(temp.Path, "real")).FullName;
        File.CreateSymbolicLink(link, "real");
        await using ScratchDirectory scratch = await ScratchDirectory.OpenAsync(Path.Combine(link, "scratch"), NullLogger.Instance);

        await using ActionDirectory one = scratch.MakeActionDirectory(null);
        await using ActionDirectory other = scratch.MakeActionDirectory(null);

        Assert.StartsWith(Path.Combine(real, "scratch"), one.Root, StringComparison.Ordinal);
        Assert.NotEqual(one.Root, other.Root);
        Assert.Equal((UnixFileMode)0x1C9, File.GetUnixFileMode(scratch.Actions)); // 0711: can't be listed
    }

    [Fact]
    public void Users_are_given_to_one_action_at_a_time_also_across_workers()
    {
        Needs.ActionUsers();
        using var first = new ActionUsers(Needs.MaxProcesses);
        using var second = new ActionUsers(Needs.MaxProcesses);

        ActionUser[] taken = [first.Take(), second.Take(), first.Take(), second.Take()];
        Assert.Equal(4, taken.Select(user => user.Id).Distinct().Count());
        first.Return(taken[0]);

        Assert.Same(taken[0], first.Take());
        Assert.NotEqual(taken[0].Id, second.Take().Id);
    }

    private Task<ScratchDirectory> OpenAsync() => ScratchDirectory.OpenAsync(temp.Path, NullLogger.Instance);
}
