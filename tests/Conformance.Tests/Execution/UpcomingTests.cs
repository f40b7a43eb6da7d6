using RemoteExec.Protocol;
using RemoteExec.Protocol.Workers;
using Digest = RemoteExec.Protocol.Digest;
using Stage = Build.Bazel.Remote.Execution.V2.ExecutionStage.Types.Value;

namespace RemoteExec.Conformance.Tests.Execution;

/// <summary>What a worker is told over the wire that it may be given next.</summary>
public sealed class UpcomingTests
{
    private static Task<SynchronizeResponse> PostAsync(ExecutionServer server, uint minor, Action<SynchronizeRequest> fill)
    {
        var request = new SynchronizeRequest { SlotId = "slot", WorkerName = "worker", Platform = new Reapi.Platform(), ProtocolMinor = minor };
        fill(request);
        return server.Channel.UnaryAsync<SynchronizeRequest, SynchronizeResponse>("/remoteexec.worker.v1.WorkerQueue/Synchronize", request, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task It_is_named_with_all_that_is_needed_to_fetch_its_inputs()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        await using OperationStream running = server.Execute(await server.StoreActionAsync("1", instance: "some"));
        SynchronizeResponse given = await PostAsync(server, WorkerProtocol.Minor, post => post.Idle = new());
        Task<SynchronizeResponse> held = PostAsync(server, WorkerProtocol.Minor, post => post.Executing = new() { LeaseId = given.Execute.LeaseId });
        Digest next = await server.StoreActionAsync("2", instance: "some");

        await using OperationStream waiting = server.Execute(next);
        SynchronizeResponse told = await held;

        Assert.Empty(given.Upcoming);
        Assert.Equal(given.Execute.LeaseId, told.Execute.LeaseId);
        SynchronizeResponse.Types.Upcoming upcoming = Assert.Single(told.Upcoming);
        Assert.Equal(("some", Reapi.DigestFunction.Types.Value.Sha256, next.ToProto()), (upcoming.InstanceName, upcoming.DigestFunction, upcoming.ActionDigest));
        Assert.Equal((given.Execute.Action.CommandDigest, given.Execute.Action.InputRootDigest), (upcoming.CommandDigest, upcoming.InputRootDigest)); // both have the same
    }

    [Fact]
    public async Task A_worker_of_the_version_before_is_told_nothing()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        await using OperationStream running = server.Execute(await server.StoreActionAsync("1"));
        const uint Before = WorkerProtocol.MinorWithUpcoming - 1;
        SynchronizeResponse given = await PostAsync(server, Before, post => post.Idle = new());
        Task<SynchronizeResponse> held = PostAsync(server, Before, post => post.Executing = new() { LeaseId = given.Execute.LeaseId });

        await using OperationStream waiting = server.Execute(await server.StoreActionAsync("2"));
        await waiting.UntilAsync(Stage.Queued);
        SynchronizeResponse next = await PostAsync(
            server, Before, post => post.Completed = new() { LeaseId = given.Execute.LeaseId, Response = new Reapi.ExecuteResponse { Result = new Reapi.ActionResult() } });

        Assert.NotEqual(given.Execute.LeaseId, next.Execute.LeaseId);
        Assert.Equal((0, 0), ((await held).Upcoming.Count, next.Upcoming.Count)); // the later post has ended it
    }
}
