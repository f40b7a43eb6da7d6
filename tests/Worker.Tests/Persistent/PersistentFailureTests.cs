using RemoteExec.Worker.Persistent;

namespace RemoteExec.Worker.Tests.Persistent;

/// <summary>What happens when a persistent process does not do as it should, and the bounds on how many there are.</summary>
public sealed class PersistentFailureTests
{
    [Theory]
    [InlineData("die")]
    [InlineData("rubbish")]
    public async Task What_a_process_can_not_do_is_done_the_ordinary_way(string words)
    {
        await using PersistentFixture tool = await PersistentFixture.MakeAsync();

        Said said = await tool.RunAsync(words);

        Assert.Equal("run once: \n", said.Stderr);
        Assert.Equal(0, said.Response.Result.ExitCode);
        Assert.Single(tool.Failures);
        Assert.Equal(0, tool.Processes);
    }

    [Fact]
    public async Task One_that_did_well_before_is_replaced_after_a_failure()
    {
        await using PersistentFixture tool = await PersistentFixture.MakeAsync();
        Said first = await tool.RunAsync("list");
        await tool.RunAsync("die");

        Said third = await tool.RunAsync("list");

        Assert.NotNull(third.Start);
        Assert.NotEqual(first.Start, third.Start);
    }

    [Fact]
    public async Task A_tool_that_is_unable_is_not_tried_again()
    {
        await using PersistentFixture tool = await PersistentFixture.MakeAsync();
        var unable = new Asked { Flags = ["--unable"] };

        Said first = await tool.RunAsync("exit 4", unable);
        Said second = await tool.RunAsync("exit 5", unable);

        Assert.Equal((4, 5), (first.Response.Result.ExitCode, second.Response.Result.ExitCode));
        Assert.Contains("no such flag: --persistent_worker", Assert.Single(tool.Failures), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_tool_among_the_inputs_an_action_is_run_the_ordinary_way()
    {
        await using PersistentFixture tool = await PersistentFixture.MakeAsync();

        Said said = await tool.RunAsync("list", new Asked { IsMarked = false });

        Assert.Equal("args tools/persistent-tool.py", said.Text);
        Assert.Null(said.Start);
        Assert.Empty(tool.Failures.Select(text => text[text.LastIndexOf(": ", StringComparison.Ordinal)..]));
    }

    [Fact]
    public async Task A_timeout_ends_the_process()
    {
        await using PersistentFixture tool = await PersistentFixture.MakeAsync();
        await tool.RunAsync("list");

        Said said = await tool.RunAsync("hang", new Asked { Timeout = TimeSpan.FromMilliseconds(200) });

        Assert.Equal(4, said.Response.Status.Code);
        Assert.Equal(0, tool.Processes);
    }

    [Fact]
    public async Task A_cancelled_action_ends_the_process()
    {
        await using PersistentFixture tool = await PersistentFixture.MakeAsync();
        using var cancel = new CancellationTokenSource();
        Task<Said> running = tool.RunAsync("hang", cancellationToken: cancel.Token);
        await Eventually.TrueAsync(() => tool.Processes == 1);

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Equal(0, tool.Processes);
    }

    [Fact]
    public async Task It_is_replaced_after_as_many_actions_as_it_may_have()
    {
        await using PersistentFixture tool = await PersistentFixture.MakeAsync(new PersistentOptions { MaxRequests = 2 });

        string?[] starts = [(await tool.RunAsync("list")).Start, (await tool.RunAsync("list")).Start, (await tool.RunAsync("list")).Start];

        Assert.Equal(starts[0], starts[1]);
        Assert.NotEqual(starts[0], starts[2]);
    }

    [Fact]
    public async Task An_idle_one_makes_room_for_another_key()
    {
        await using PersistentFixture tool = await PersistentFixture.MakeAsync(new PersistentOptions { MaxProcesses = 1 });
        Said first = await tool.RunAsync("list");

        Said other = await tool.RunAsync("list", new Asked { Key = "other" });

        Assert.NotNull(other.Start);
        Assert.Equal(1, tool.Processes);
        Assert.NotEqual(first.Start, (await tool.RunAsync("list")).Start);
    }

    [Fact]
    public async Task Who_finds_all_of_its_key_busy_is_run_the_ordinary_way()
    {
        await using PersistentFixture tool = await PersistentFixture.MakeAsync(new PersistentOptions { MaxPerKey = 1 });
        using var cancel = new CancellationTokenSource();
        Task<Said> busy = tool.RunAsync("hang", cancellationToken: cancel.Token);
        await Eventually.TrueAsync(() => tool.Processes == 1);

        Said said = await tool.RunAsync("list");

        Assert.Equal("run once: args tools/persistent-tool.py\n", said.Stderr);
        Assert.Empty(tool.Failures.Select(text => text[text.LastIndexOf(": ", StringComparison.Ordinal)..]));
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => busy);
    }

    [Fact]
    public async Task An_idle_one_ends_after_a_while()
    {
        await using PersistentFixture tool = await PersistentFixture.MakeAsync(new PersistentOptions { IdleTime = TimeSpan.FromMilliseconds(50) });
        await tool.RunAsync("list");

        await Eventually.TrueAsync(() => tool.Processes == 0);
    }

    [Fact]
    public async Task None_is_left_when_the_worker_stops()
    {
        string marker = $"--marker-{Guid.NewGuid():N}";
        await using (PersistentFixture tool = await PersistentFixture.MakeAsync())
        {
            await tool.RunAsync("list", new Asked { Flags = [marker] });
            Assert.True(IsRunning(marker));
        }

        Assert.False(IsRunning(marker));
    }

    [Fact]
    public async Task There_are_none_where_none_may_be()
    {
        await using PersistentFixture tool = await PersistentFixture.MakeAsync(new PersistentOptions { MaxProcesses = 0 });

        Assert.Null(tool.Worker.Persistent);
        Assert.Null((await tool.RunAsync("list")).Start);
    }

    private static bool IsRunning(string marker) => CommandLines().Any(process => process.Contains(marker, StringComparison.Ordinal));

    private static IEnumerable<string> CommandLines()
    {
        foreach (string process in Directory.EnumerateDirectories("/proc"))
        {
            string text;
            try
            {
                text = File.ReadAllText(Path.Combine(process, "cmdline"));
            }
            catch (IOException)
            {
                continue; // no process, or not any more
            }

            yield return text;
        }
    }
}
