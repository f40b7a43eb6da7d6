using Google.LongRunning;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using RemoteExec.Cas;
using RemoteExec.Cas.Stores;
using RemoteExec.Execution.Journal;
using RemoteExec.Integration.Tests.Redis;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Journals;
using RemoteExec.Protocol.Workers;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Configuration;
using RemoteExec.Server.Hosting;
using Digest = RemoteExec.Protocol.Digest;

namespace RemoteExec.Integration.Tests.Scheduling;

/// <summary>Whole servers that take over from each other, over a real Redis.</summary>
public sealed class TakeoverTests : IAsyncLifetime
{
    private readonly TemporaryDirectory data = new();
    private readonly RecordingLogger log = new();
    private readonly Dictionary<string, RunningServer> servers = [];
    private readonly List<IAsyncDisposable> opened = [];
    private RedisServer redis = null!;
    private RpcChannel node = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        redis = await RedisServer.StartAsync();
        node = await StartAsync("node", "");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (IAsyncDisposable one in Enumerable.Reverse(opened).Concat(servers.Values.Reverse()))
            await one.DisposeAsync();
        await redis.DisposeAsync();
        data.Dispose();
    }

    [Fact]
    public async Task A_client_of_a_scheduler_that_was_cut_off_gets_on_at_another_with_the_name_it_has()
    {
        await using FaultyLink link = FaultyLink.Start(redis.Endpoint);
        RpcChannel first = await StartSchedulerAsync("first", link.Address.ToString());
        string name = await ExecuteAsync(first, await StoreActionAsync("x"));
        RpcChannel second = await StartSchedulerAsync("second", redis.Endpoint);
        SynchronizeResponse.Types.Execute lease = await TakeAsync(second, "slot"); // by way of the server that is not the active one

        link.Set(LinkState.Silent);
        await UntilActiveAsync("second");
        await CompleteAsync(second, "slot", lease.LeaseId);
        Operation last = await WaitAsync(second, name);
        link.Set(LinkState.Up);

        Assert.Equal(7, last.Response.Unpack<Reapi.ExecuteResponse>().Result.ExitCode);
        Operation there;
        do
            there = await UntilAnsweredAsync(() => GetAsync(first, name)); // it tells what it knows until it hears that it is not the active one
        while (!there.Done);
        Assert.Equal(last, there);
    }

    [Fact]
    public async Task A_server_that_stops_hands_over_and_one_that_starts_first_has_all_that_waits()
    {
        RpcChannel first = await StartSchedulerAsync("first", redis.Endpoint);
        RpcChannel second = await StartSchedulerAsync("second", redis.Endpoint);
        string name = await ExecuteAsync(second, await StoreActionAsync("x"));

        await StopAsync("first");
        await UntilActiveAsync("second");
        Assert.Equal(name, (await GetAsync(second, name)).Name);
        await StopAsync("second");
        RpcChannel third = await StartSchedulerAsync("third", redis.Endpoint);

        SynchronizeResponse.Types.Execute lease = await TakeAsync(third, "slot");
        await CompleteAsync(third, "slot", lease.LeaseId);
        Assert.True((await WaitAsync(third, name)).Done);
    }

    [Fact]
    public async Task A_Redis_that_comes_back_empty_is_told_everything_anew()
    {
        await using FaultyLink link = FaultyLink.Start(redis.Endpoint);
        RpcChannel first = await StartSchedulerAsync("first", link.Address.ToString());
        string before = await ExecuteAsync(first, await StoreActionAsync("before"));

        await redis.KillAsync();
        Task<string> during = ExecuteAsync(first, await StoreActionAsync("during"));
        Assert.False(during.IsCompleted);
        await redis.StartAgainAsync();
        string after = await ExecuteAsync(first, await StoreActionAsync("after"));
        RpcChannel second = await StartSchedulerAsync("second", redis.Endpoint);
        link.Set(LinkState.Silent);
        await UntilActiveAsync("second");

        foreach (string name in new[] { before, await during, after })
            Assert.Equal(name, (await GetAsync(second, name)).Name);
        link.Set(LinkState.Up);
    }

    [Fact]
    public async Task Who_stood_by_goes_on_with_what_it_knows_when_Redis_and_the_active_one_are_gone_together()
    {
        await using FaultyLink link = FaultyLink.Start(redis.Endpoint);
        RpcChannel first = await StartSchedulerAsync("first", link.Address.ToString());
        RpcChannel second = await StartSchedulerAsync("second", redis.Endpoint);
        string name = await ExecuteAsync(first, await StoreActionAsync("x"));
        await UntilAnsweredAsync(() => GetAsync(second, name));
        long looks = await RedisCli.CountAsync(redis.Port, "eval");
        while (await RedisCli.CountAsync(redis.Port, "eval") < looks + 12) // the one looks five times while the other renews its lease twice
            await Task.Delay(20, Token);

        link.Set(LinkState.Silent);
        await redis.KillAsync();
        await redis.StartAgainAsync();
        await UntilActiveAsync("second");

        Assert.Equal(name, (await GetAsync(second, name)).Name);
        link.Set(LinkState.Up);
        Assert.Equal(name, (await UntilAnsweredAsync(() => GetAsync(first, name))).Name);
    }

    [Fact]
    public async Task A_server_that_does_not_understand_the_journal_leaves_it_to_others()
    {
        await using (var newer = new SharedJournalFixture(redis.ToConnection(), "rx:"))
        {
            (RedisJournal journal, long epoch) = await newer.TakeOverAsync();
            await journal.ReplaceAsync([new JournalEntry()], Token); // a kind of fact that there is none of
            await newer.Lease.ReleaseAsync(epoch, Token);
        }

        await StartSchedulerAsync("first", redis.Endpoint);
        while (!log.Entries.Any(entry => entry.Text.StartsWith("This server can't be the active scheduler", StringComparison.Ordinal)))
            await Task.Delay(10, Token);

        Assert.Empty((await redis.AskAsync("get", "rx:{scheduler}:lease")).Trim());
        Assert.Equal("1", (await redis.AskAsync("hget", "rx:{scheduler}:state", "epoch")).Trim());
    }

    private static Task<Operation> GetAsync(RpcChannel channel, string name) =>
        channel.UnaryAsync<GetOperationRequest, Operation>("/google.longrunning.Operations/GetOperation", new GetOperationRequest { Name = name }, Token);

    /// <summary>Asks again while the server does not know who to ask.</summary>
    private static async Task<Operation> UntilAnsweredAsync(Func<Task<Operation>> ask)
    {
        while (true)
        {
            try
            {
                return await ask();
            }
            catch (RpcException exception) when (exception.Code == StatusCode.Unavailable)
            {
                await Task.Delay(20, Token);
            }
        }
    }

    /// <summary>Executes an action; returns the operation's name, and hangs up.</summary>
    private static async Task<string> ExecuteAsync(RpcChannel channel, Digest action)
    {
        await foreach (Operation operation in channel.ServerStreamAsync<Reapi.ExecuteRequest, Operation>(
            "/build.bazel.remote.execution.v2.Execution/Execute", new Reapi.ExecuteRequest { ActionDigest = action.ToProto() }, Token))
            return operation.Name;
        throw new InvalidOperationException("no operation");
    }

    private static async Task<Operation> WaitAsync(RpcChannel channel, string name)
    {
        Operation? last = null;
        await foreach (Operation operation in channel.ServerStreamAsync<Reapi.WaitExecutionRequest, Operation>(
            "/build.bazel.remote.execution.v2.Execution/WaitExecution", new Reapi.WaitExecutionRequest { Name = name }, Token))
            last = operation;
        return last!;
    }

    private async Task<SynchronizeResponse.Types.Execute> TakeAsync(RpcChannel channel, string slot)
    {
        while (true)
        {
            if ((await PostAsync(channel, new SynchronizeRequest { SlotId = slot, Idle = new SynchronizeRequest.Types.Idle() })).Execute is { } execute)
                return execute;
        }
    }

    private Task<SynchronizeResponse> CompleteAsync(RpcChannel channel, string slot, string lease) => PostAsync(channel, new SynchronizeRequest
    {
        SlotId = slot,
        Completed = new SynchronizeRequest.Types.Completed { LeaseId = lease, Response = new Reapi.ExecuteResponse { Result = new Reapi.ActionResult { ExitCode = 7 } } },
    });

    private Task<SynchronizeResponse> PostAsync(RpcChannel channel, SynchronizeRequest post)
    {
        post.WorkerName = "worker";
        post.Platform = new Reapi.Platform();
        RpcChannel workers = opened.OfType<RpcChannel>().ElementAt(opened.IndexOf(channel) + 1); // each server has one for its listener of workers, too
        return workers.UnaryAsync<SynchronizeRequest, SynchronizeResponse>("/remoteexec.worker.v1.WorkerQueue/Synchronize", post, Token);
    }

    private async Task<Digest> StoreActionAsync(string salt)
    {
        var cas = new RemoteStore(node, TimeSpan.Zero, TimeProvider.System);
        TestBlob command = TestBlob.Of(new Reapi.Command { Arguments = { "true" }, OutputPaths = { "out" } }.ToByteArray());
        TestBlob action = TestBlob.Of(new Reapi.Action
        {
            CommandDigest = command.Digest.ToProto(),
            InputRootDigest = EmptyBlob.DigestOf(command.Digest.Instance, command.Digest.Function).ToProto(),
            Salt = ByteString.CopyFromUtf8(salt),
        }.ToByteArray());
        await cas.WriteAllAsync(command.Digest, command.Content, Token);
        await cas.WriteAllAsync(action.Digest, action.Content, Token);
        return action.Digest;
    }

    private async Task StopAsync(string name)
    {
        servers.Remove(name, out RunningServer? server);
        await server!.DisposeAsync();
    }

    private async Task UntilActiveAsync(string name)
    {
        string address = $" grpc://{AddressOf(servers[name], ListenerKind.Grpc)} ";
        while (!(await redis.AskAsync("get", "rx:{scheduler}:lease")).Contains(address, StringComparison.Ordinal))
            await Task.Delay(20, Token);
    }

    private Task<RpcChannel> StartSchedulerAsync(string name, string endpoint) => StartAsync(
        name,
        $$"""
        cas: { store: { remote: { url: "{{node.Address}}" } } }
        actionCache: { store: { remote: { url: "{{node.Address}}" } } }
        execution: { scheduler: { ha: redis, redis: { endpoints: "{{endpoint}}" } } }
        """);

    private async Task<RpcChannel> StartAsync(string name, string more)
    {
        ServerOptions options = new ConfigLoader().AddText(
            "test",
            $"data: {data[name]}\nmaxSize: 64MiB\nlisteners: {{ grpc: 127.0.0.1:0, http: [], workers: 127.0.0.1:0 }}\nworker: {{ slots: 0 }}\n{more}\n").Load();
        RunningServer server = await RunningServer.StartAsync(options, new LoggerFactory([log]), TimeProvider.System, Token);
        servers.Add(name, server);
        foreach (ListenerKind kind in new[] { ListenerKind.Grpc, ListenerKind.Workers })
            opened.Add(new RpcChannel(RpcAddress.Parse($"grpc://{AddressOf(server, kind)}")));
        return (RpcChannel)opened[^2];
    }

    private static ListenAddress AddressOf(RunningServer server, ListenerKind kind) => server.Listeners.First(listener => listener.Kind == kind).Address;
}
