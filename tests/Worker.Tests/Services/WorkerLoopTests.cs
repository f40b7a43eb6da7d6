using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Workers;
using RemoteExec.TestKit;
using State = RemoteExec.Protocol.Workers.SynchronizeRequest.StateOneofCase;

namespace RemoteExec.Worker.Tests.Services;

/// <summary>What a worker tells of itself, and the whole of it.</summary>
public sealed class WorkerLoopTests : WorkerLoopFixture
{
    [Fact]
    public async Task An_idle_slot_says_who_it_is_and_what_it_offers()
    {
        Start(options => options with { Name = "w1", Platform = [new("b", "2"), new("a", "1"), new("b", "1")] });

        SynchronizeRequest request = (await Scheduler.NextAsync()).Request;

        Assert.Equal(State.Idle, request.StateCase);
        Assert.Equal("w1", request.WorkerName);
        Assert.StartsWith("w1/", request.SlotId, StringComparison.Ordinal);
        Assert.Equal(["a=1", "b=1", "b=2"], request.Platform.Properties.Select(property => $"{property.Name}={property.Value}"));
    }

    [Fact, Rule("PLT-04")]
    public void The_platform_is_by_default_that_of_the_machine()
    {
        Assert.Contains(new("OSFamily", "linux"), WorkerOptions.DefaultPlatform);
        Assert.Contains(WorkerOptions.DefaultPlatform, property => property.Key == "ISA" && property.Value is "x86-64" or "arm-a64" or "rv64g");
    }

    [Fact]
    public async Task Each_slot_has_an_id_of_its_own_also_from_those_of_an_earlier_process()
    {
        Start(options => options with { Slots = 3 });
        var ids = new HashSet<string>();
        for (int i = 0; i < 3; i++)
            ids.Add((await Scheduler.NextAsync()).Request.SlotId);
        Task first = Loop!;

        Start(options => options with { Slots = 3 });
        for (int i = 0; i < 3; i++)
            ids.Add((await Scheduler.NextAsync()).Request.SlotId);

        Assert.Equal(6, ids.Count);
        Loop = Task.WhenAll(first, Loop!);
    }

    [Fact]
    public async Task The_slots_of_a_process_tell_what_it_has_for_all_of_them_and_that_they_belong_together()
    {
        Start(options => options with { Slots = 3, Name = "w1", MemoryBytes = 5_000_000_000 });
        SynchronizeRequest[] posts = [(await Scheduler.NextAsync()).Request, (await Scheduler.NextAsync()).Request, (await Scheduler.NextAsync()).Request];

        Assert.All(posts, post => Assert.Equal(WorkerProtocol.Minor, post.ProtocolMinor));
        Assert.All(posts, post => Assert.Equal(new Resources { CpuMillis = 3000, MemoryBytes = 5_000_000_000 }, post.Resources));
        Assert.StartsWith("w1/", Assert.Single(posts.Select(post => post.WorkerId).Distinct()), StringComparison.Ordinal);
        Assert.Equal(3, posts.Select(post => post.SlotId).Distinct().Count());
    }

    [Fact]
    public async Task Settings_that_are_wrong_are_all_named()
    {
        var options = new WorkerOptions { Slots = 0, Name = "", ScratchDirectory = "relative" };

        ArgumentException exception = await Assert.ThrowsAsync<ArgumentException>(
            () => new WorkerLoop(options, new MemoryStore(1), Scheduler.Channel, NullLogger.Instance, TimeProvider.System).RunAsync(Stop.Token));

        Assert.Contains("slots", exception.Message, StringComparison.Ordinal);
        Assert.Contains("name", exception.Message, StringComparison.Ordinal);
        Assert.Contains("'relative'", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_whole_worker_runs_a_real_action()
    {
        await using ActionFixture client = await ActionFixture.MakeAsync();
        using var temp = new TempDirectory();
        var options = new WorkerOptions { Name = "whole", Slots = 2, ScratchDirectory = Path.Combine(temp.Path, "s") };
        Loop = new WorkerLoop(options, client.Cas, Scheduler.Channel, NullLogger.Instance, TimeProvider.System).RunAsync(Stop.Token);
        var command = new Reapi.Command { Arguments = { "/bin/sh", "-c", "echo real > o" }, OutputPaths = { "o" } };
        Reapi.Digest commandDigest = (await client.StoreAsync(command)).ToProto();

        (await Scheduler.NextAsync(State.Idle)).AnswerExecute("lease-1", execute =>
        {
            execute.InstanceName = "some/instance";
            execute.Action = new Reapi.Action { CommandDigest = commandDigest, InputRootDigest = ActionFixture.Anchor.ToProto() };
        });

        FakeScheduler.Post completed = await Scheduler.NextAsync(State.Completed);
        Reapi.ActionResult result = completed.Request.Completed.Response.Result;
        Assert.Equal("real\n", await client.ReadAsync(result.OutputFiles[0].Digest));
        Assert.Equal("whole", result.ExecutionMetadata.Worker);
        completed.AnswerIdle();
        await Stop.CancelAsync();
        for (int i = 0; i < 2; i++)
            (await Scheduler.NextAsync(State.Leaving)).AnswerIdle();
        await Loop!;
    }
}
