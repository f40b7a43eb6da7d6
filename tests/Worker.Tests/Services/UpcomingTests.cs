using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Workers;
using RemoteExec.TestKit;
using State = RemoteExec.Protocol.Workers.SynchronizeRequest.StateOneofCase;
using Upcoming = RemoteExec.Protocol.Workers.SynchronizeResponse.Types.Upcoming;

namespace RemoteExec.Worker.Tests.Services;

/// <summary>What a worker makes of being told what it may be given next.</summary>
public sealed class UpcomingTests : IAsyncLifetime
{
    private readonly HeldExecutor executor = new();
    private readonly CancellationTokenSource stop = new();
    private readonly TempDirectory temp = new();
    private FakeScheduler scheduler = null!;
    private Task? loop;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => scheduler = await FakeScheduler.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        scheduler.End();
        if (loop is not null)
            await loop;
        await scheduler.DisposeAsync();
        temp.Dispose();
        stop.Dispose();
    }

    [Fact]
    public async Task It_is_told_to_who_runs_actions_whatever_it_came_with()
    {
        Start();
        (await scheduler.NextAsync(State.Idle)).AnswerExecute("lease-1", upcoming: [Of(1), Of(2)]);
        Assert.Equal([DigestOf(1), DigestOf(2)], await NextExpectedAsync());
        HeldExecutor.Running running = await executor.NextAsync();
        (await scheduler.NextAsync(State.Executing)).AnswerExecute("lease-1", upcoming: [Of(2)]);
        Assert.Equal([DigestOf(2)], await NextExpectedAsync());

        running.End();
        (await scheduler.NextAsync(State.Completed)).AnswerExecute("lease-2");

        Assert.Empty(await NextExpectedAsync());
        (await executor.NextAsync()).End();
    }

    [Fact]
    public async Task Who_hears_of_it_while_it_executes_posts_again_at_once()
    {
        Start(); // a lease of a minute: otherwise the next post would come twenty seconds later
        (await scheduler.NextAsync(State.Idle)).AnswerExecute("lease");
        HeldExecutor.Running running = await executor.NextAsync();

        for (int i = 0; i < 3; i++)
            (await scheduler.NextAsync(State.Executing)).AnswerExecute("lease", upcoming: [Of(i)]);

        await scheduler.NextAsync(State.Executing);
        running.End();
    }

    [Fact]
    public async Task What_makes_no_sense_is_left_out()
    {
        var badInstance = Of(1);
        badInstance.InstanceName = "/";
        var badRoot = Of(2);
        badRoot.InputRootDigest = new Reapi.Digest { Hash = "x" };
        Start();

        (await scheduler.NextAsync(State.Idle)).AnswerExecute("lease", upcoming: [badInstance, new Upcoming(), badRoot, Of(3)]);

        Assert.Equal([DigestOf(3)], await NextExpectedAsync());
        (await executor.NextAsync()).End();
    }

    [Fact]
    public async Task While_the_only_slot_is_busy_the_inputs_of_the_next_action_are_fetched_which_then_reads_nothing()
    {
        var cas = new FaultyStore(new MemoryStore(1 << 28));
        await using ActionFixture client = await ActionFixture.MakeAsync(cas: cas);
        var options = new WorkerOptions { Slots = 1, ScratchDirectory = Path.Combine(temp.Path, "s"), MaxProcesses = Needs.MaxProcesses };
        loop = new WorkerLoop(options, cas, scheduler.Channel, NullLogger.Instance, TimeProvider.System).RunAsync(stop.Token);
        Reapi.Action first = await StoreActionAsync(client, "first", "sleep 1000"), second = await StoreActionAsync(client, "second", "cat dir/* > out");
        int reads = 0;
        cas.Before = (operation, _) =>
        {
            if (operation == StoreOperation.OpenRead)
                Interlocked.Increment(ref reads);
            return ValueTask.CompletedTask;
        };

        (await scheduler.NextAsync(State.Idle)).AnswerExecute("lease-1", execute => Fill(execute, first), Of(second));
        await Eventually.TrueAsync(() => Volatile.Read(ref reads) == 2 * 13);
        (await scheduler.NextAsync(State.Executing)).AnswerIdle(); // it is not wanted any more
        (await scheduler.NextAsync(State.Idle)).AnswerExecute("lease-2", execute => Fill(execute, second));

        FakeScheduler.Post completed = await scheduler.NextAsync(State.Completed);
        Assert.Equal("second0second1second2second3second4second5second6second7second8second9", await client.ReadAsync(completed.Request.Completed.Response.Result.OutputFiles[0].Digest));
        Assert.Equal((2 * 13) + 1, reads); // the last one is the test's own
        completed.AnswerIdle();
    }

    private static Digest DigestOf(int number) => ActionFixture.Anchor.SiblingOf([(byte)number]);

    private static Upcoming Of(int number) => Of(DigestOf(number), ActionFixture.Anchor.ToProto(), ActionFixture.Anchor.ToProto());

    private static Upcoming Of(Reapi.Action action) => Of(ActionFixture.Anchor, action.CommandDigest, action.InputRootDigest);

    private static Upcoming Of(Digest action, Reapi.Digest command, Reapi.Digest root) => new()
    {
        InstanceName = action.Instance.Value,
        DigestFunction = Reapi.DigestFunction.Types.Value.Sha256,
        ActionDigest = action.ToProto(),
        CommandDigest = command,
        InputRootDigest = root,
    };

    private static void Fill(SynchronizeResponse.Types.Execute execute, Reapi.Action action) =>
        (execute.InstanceName, execute.Action) = (ActionFixture.Anchor.Instance.Value, action);

    private static async Task<Reapi.Action> StoreActionAsync(ActionFixture client, string name, string script)
    {
        for (int i = 0; i < 10; i++)
            await client.AddFileAsync($"dir/{i}", $"{name}{i}");
        MerkleTree tree = client.Inputs.Build();
        client.ForgetInputs();
        foreach ((Digest digest, ReadOnlyMemory<byte> encoded) in tree.Blobs)
            await client.Cas.WriteAllAsync(digest, encoded, Cancellation);
        var command = new Reapi.Command { Arguments = { "/bin/sh", "-c", script }, OutputPaths = { "out" } };
        return new Reapi.Action { CommandDigest = (await client.StoreAsync(command)).ToProto(), InputRootDigest = tree.RootDigest.ToProto() };
    }

    private async Task<IEnumerable<Digest>> NextExpectedAsync() => (await executor.Expected.Reader.ReadAsync(Cancellation)).Select(action => action.Action);

    private void Start() =>
        loop = new WorkerLoop(new WorkerOptions { Slots = 1 }, new MemoryStore(1), scheduler.Channel, NullLogger.Instance, TimeProvider.System).RunSlotsAsync(executor, [], stop.Token);
}
