using RemoteExec.Execution;
using RemoteExec.Protocol.Workers;
using RemoteExec.Rpc;
using RemoteExec.TestKit;
using Digest = RemoteExec.Protocol.Digest;
using Stage = Build.Bazel.Remote.Execution.V2.ExecutionStage.Types.Value;

namespace RemoteExec.Conformance.Tests.Execution;

/// <summary>Which workers an action may run on.</summary>
public sealed class ExecutePlatformTests
{
    [Fact]
    [Rule("PLT-01")]
    public async Task A_platform_that_no_worker_offers_is_refused_by_name()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        FakeWorker worker = server.ConnectWorker("worker", ("OSFamily", "linux"));
        Task<SynchronizeResponse> poll = worker.PostIdleAsync();
        await using OperationStream known = server.Execute(await server.StoreActionAsync("known"));
        await worker.SucceedAsync((await poll).Execute.LeaseId);
        await known.ResponseAsync();

        async Task<Reapi.ExecuteResponse> ExecuteAsync(string name, string value)
        {
            var platform = new Reapi.Platform { Properties = { new Reapi.Platform.Types.Property { Name = name, Value = value } } };
            await using OperationStream stream = server.Execute(await server.StoreActionAsync(changeAction: action => action.Platform = platform));
            return await stream.ResponseAsync();
        }

        Reapi.ExecuteResponse unknownName = await ExecuteAsync("colour", "red");
        Reapi.ExecuteResponse unknownValue = await ExecuteAsync("OSFamily", "windows");

        Assert.Equal(StatusCode.InvalidArgument, OperationStream.CodeOf(unknownName));
        Assert.Contains("'colour'", unknownName.Status.Message, StringComparison.Ordinal);
        Assert.Equal(StatusCode.FailedPrecondition, OperationStream.CodeOf(unknownValue));
        Assert.Contains("OSFamily=windows", unknownValue.Status.Message, StringComparison.Ordinal);
        Assert.Empty(unknownValue.Status.Details);
    }

    [Fact]
    [Rule("ACT-06")]
    [Rule("PLT-04")]
    public async Task The_platform_of_the_action_wins_over_that_of_the_command()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        static Reapi.Platform Family(string value) =>
            new() { Properties = { new Reapi.Platform.Types.Property { Name = "OSFamily", Value = value } } };
#pragma warning disable CS0612 // deprecated, but still sent
        Digest both = await server.StoreActionAsync(
            "both", action => action.Platform = Family("linux"), command => command.Platform = Family("windows"));
        Digest old = await server.StoreActionAsync("old", changeCommand: command => command.Platform = Family("macos"));
#pragma warning restore CS0612
        await using OperationStream first = server.Execute(both);
        await first.UntilAsync(Stage.Queued);
        await using OperationStream second = server.Execute(old);
        await second.UntilAsync(Stage.Queued);

        SynchronizeResponse.Types.Execute linux = await server.ConnectWorker("l", ("OSFamily", "linux")).TakeAsync();
        SynchronizeResponse.Types.Execute macos = await server.ConnectWorker("m", ("OSFamily", "macos")).TakeAsync();

        Assert.Equal(both.ToProto(), linux.ActionDigest);
        Assert.Equal(old.ToProto(), macos.ActionDigest);
    }

    [Fact]
    [Rule("EXE-04")]
    public async Task Without_any_worker_the_client_is_told_after_a_while()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        await using OperationStream stream = server.Execute(await server.StoreActionAsync());
        await stream.UntilAsync(Stage.Queued);

        server.Time.Advance(new ExecutionOptions().NoWorkerTimeout);
        Reapi.ExecuteResponse response = await stream.ResponseAsync();

        Assert.Equal(StatusCode.FailedPrecondition, OperationStream.CodeOf(response));
        Assert.Contains("no worker", response.Status.Message, StringComparison.Ordinal);
        Assert.Empty(response.Status.Details);
    }
}
