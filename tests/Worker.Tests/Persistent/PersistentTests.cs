using RemoteExec.Protocol.Workers;
using RemoteExec.TestKit;
using RemoteExec.Worker.Persistent;

namespace RemoteExec.Worker.Tests.Persistent;

/// <summary>Actions in processes that run on for others.</summary>
public sealed class PersistentTests
{
    [Theory]
    [InlineData("namespaces")]
    [InlineData("cached-trees")]
    public async Task Actions_of_a_tool_share_a_process_and_each_sees_its_own_inputs_alone(string tier)
    {
        await using PersistentFixture tool = await PersistentFixture.MakeAsync(tier: tier);

        await tool.Worker.AddFileAsync("src/a", "content of a");
        Said first = await tool.RunAsync("copy src/a out");
        await tool.Worker.AddFileAsync("src/b", "content of b");
        Said second = await tool.RunAsync("copy src/b out");
        Said third = await tool.RunAsync("list");

        Assert.Equal("content of a", await tool.Worker.ReadAsync(Assert.Single(first.Response.Result.OutputFiles).Digest));
        Assert.Equal("content of b", await tool.Worker.ReadAsync(Assert.Single(second.Response.Result.OutputFiles).Digest));
        Assert.Empty(tool.Failures.Select(text => text[text.LastIndexOf(": ", StringComparison.Ordinal)..]));
        Assert.NotNull(first.Start);
        Assert.Equal((first.Start, first.Start), (second.Start, third.Start));
        Assert.Equal("args tools/persistent-tool.py", third.Text);
        Assert.Contains("request 2 inputs args,src/b,tools/persistent-tool.py:", second.Stderr, StringComparison.Ordinal);
        Assert.Equal("worker", first.Response.Result.ExecutionMetadata.Worker[5..]);
        Assert.NotNull(first.Response.Result.ExecutionMetadata.ExecutionCompletedTimestamp);
        Assert.Equal(new Usage { Sandbox = tier, Host = Environment.MachineName }, Assert.Single(first.Response.Result.ExecutionMetadata.AuxiliaryMetadata).Unpack<Usage>()); // what each used is not known
        Assert.Equal(1, tool.Processes);
    }

    [Fact, Rule("EXE-11")]
    public async Task The_exit_code_of_an_answer_is_that_of_the_action_and_the_process_goes_on()
    {
        await using PersistentFixture tool = await PersistentFixture.MakeAsync();

        Said failed = await tool.RunAsync("exit 3");

        Assert.Equal((0, 3), (failed.Response.Status?.Code ?? 0, failed.Response.Result.ExitCode));
        Assert.Equal(failed.Start, (await tool.RunAsync("exit 0")).Start);
    }

    [Fact]
    public async Task JSON_is_spoken_to_who_wants_it()
    {
        await using PersistentFixture tool = await PersistentFixture.MakeAsync();
        var json = new Asked { Flags = ["--json"] };

        Said first = await tool.RunAsync("exit 5", json);
        Said second = await tool.RunAsync("list", json);

        Assert.Equal(5, first.Response.Result.ExitCode);
        Assert.NotNull(first.Start);
        Assert.Equal(first.Start, second.Start);
    }

    public static TheoryData<string> Differences => ["key", "tool", "flag"];

    [Theory]
    [MemberData(nameof(Differences))]
    public async Task Another_key_tool_or_flag_is_another_process(string difference)
    {
        await using PersistentFixture tool = await PersistentFixture.MakeAsync();
        Said first = await tool.RunAsync("list");

        Said second = await tool.RunAsync("list", difference switch
        {
            "key" => new Asked { Key = "other" },
            "tool" => new Asked { ToolSuffix = "# newer\n" },
            _ => new Asked { Flags = ["--other"] },
        });

        Assert.Empty(tool.Failures.Select(text => text[text.LastIndexOf(": ", StringComparison.Ordinal)..]));
        Assert.NotNull(second.Start);
        Assert.NotEqual(first.Start, second.Start);
        Assert.Equal(2, tool.Processes);
    }

    [Fact]
    public async Task An_input_can_not_be_spoilt_for_others()
    {
        await using PersistentFixture tool = await PersistentFixture.MakeAsync();
        await tool.Worker.AddFileAsync("in", "original");
        Said first = await tool.RunAsync("spoil in");
        await tool.Worker.AddFileAsync("in", "original");

        Said second = await tool.RunAsync("copy in out");

        Assert.Equal("Permission denied", first.Text);
        Assert.Equal(first.Start, second.Start);
        Assert.Equal("original", await tool.Worker.ReadAsync(Assert.Single(second.Response.Result.OutputFiles).Digest));
    }

    [Fact]
    public async Task A_link_that_it_leaves_leads_the_worker_nowhere()
    {
        await using PersistentFixture tool = await PersistentFixture.MakeAsync();
        string victim = tool.Worker.Scratch.Location;

        Said first = await tool.RunAsync($"link {victim} out");
        Said second = await tool.RunAsync("list");

        Assert.Equal(victim, Assert.Single(first.Response.Result.OutputSymlinks).Target);
        Assert.Equal((first.Start, "args tools/persistent-tool.py"), (second.Start, second.Text));
        Assert.True(Directory.Exists(tool.Worker.Scratch.Cache));
    }
}
