using RemoteExec.Execution;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Protocol.Workers;
using RemoteExec.Rpc;
using RemoteExec.TestKit;
using Digest = RemoteExec.Protocol.Digest;

namespace RemoteExec.Conformance.Tests.Execution;

/// <summary>How long an action may run.</summary>
public sealed class ExecuteTimeoutTests
{
    [Fact]
    [Rule("ACT-02")]
    [Rule("ACT-03")]
    [Rule("Q-12")]
    public async Task The_worker_gets_the_timeout_of_the_action_or_else_the_servers()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        FakeWorker worker = server.ConnectWorker();
        await using OperationStream without = server.Execute(await server.StoreActionAsync("without"));
        SynchronizeResponse.Types.Execute first = await worker.TakeAsync();
        await worker.SucceedAsync(first.LeaseId);
        Digest limited = await server.StoreActionAsync(changeAction: action => action.Timeout = new() { Seconds = 7 });
        await using OperationStream with = server.Execute(limited);
        SynchronizeResponse.Types.Execute second = await worker.TakeAsync();

        Assert.Equal(new ExecutionOptions().DefaultTimeout, first.Timeout.ToTimeSpan());
        Assert.Equal(TimeSpan.FromSeconds(7), second.Timeout.ToTimeSpan());
    }

    [Theory]
    [Rule("ACT-02")]
    [InlineData("quick", 60, 300)]
    [InlineData("other", 3600, 86400)]
    public async Task Platforms_can_have_timeouts_of_their_own(string pool, int usual, int longest)
    {
        var rule = new RuntimeRule
        {
            Platform = new Dictionary<string, string> { ["pool"] = "quick" },
            DefaultTimeout = TimeSpan.FromMinutes(1),
            MaxTimeout = TimeSpan.FromMinutes(5),
        };
        await using ExecutionServer server = await ExecutionServer.StartAsync(new ExecutionOptions { Runtimes = [rule] });
        FakeWorker worker = server.ConnectWorker("worker", ("pool", "*"));
        Digest tooLong = await server.StoreActionAsync(changeAction: action => Change(action, longest + 1));
        Digest silent = await server.StoreActionAsync(changeAction: action => Change(action, 0));

        await using OperationStream refused = server.Execute(tooLong);
        Reapi.ExecuteResponse response = await refused.ResponseAsync();
        await using OperationStream accepted = server.Execute(silent);
        SynchronizeResponse.Types.Execute lease = await worker.TakeAsync();

        Assert.Equal(StatusCode.InvalidArgument, OperationStream.CodeOf(response));
        Assert.Contains($"{longest} s", response.Status.Message, StringComparison.Ordinal);
        Assert.Equal(TimeSpan.FromSeconds(usual), lease.Timeout.ToTimeSpan());

        void Change(Reapi.Action action, int seconds)
        {
            action.Platform = new Reapi.Platform { Properties = { new Reapi.Platform.Types.Property { Name = "pool", Value = pool } } };
            action.Timeout = seconds == 0 ? null : new() { Seconds = seconds };
        }
    }

    [Theory]
    [Rule("ACT-02")]
    [InlineData(86401, 0)]
    [InlineData(long.MaxValue, 0)]
    [InlineData(-1, 0)]
    [InlineData(1, -1)]
    public async Task A_timeout_that_is_too_long_or_none_is_refused(long seconds, int nanos)
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        Digest action = await server.StoreActionAsync(changeAction: message => message.Timeout = new() { Seconds = seconds, Nanos = nanos });

        await using OperationStream stream = server.Execute(action);
        Reapi.ExecuteResponse response = await stream.ResponseAsync();

        Assert.Equal(StatusCode.InvalidArgument, OperationStream.CodeOf(response));
        Assert.Contains("timeout", response.Status.Message, StringComparison.Ordinal);
    }
}
