using Google.LongRunning;
using Google.Protobuf.WellKnownTypes;
using RemoteExec.Protocol.Workers;
using RemoteExec.Rpc;
using RemoteExec.TestKit;
using Digest = RemoteExec.Protocol.Digest;
using Stage = Build.Bazel.Remote.Execution.V2.ExecutionStage.Types.Value;

namespace RemoteExec.Conformance.Tests.Execution;

public sealed class OperationsTests
{
    [Fact]
    [Rule("OPS-01")]
    public async Task An_operation_can_be_looked_at()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        await using OperationStream stream = server.Execute(await server.StoreActionAsync());
        Operation queued = await stream.UntilAsync(Stage.Queued);

        Operation operation = await server.GetOperationAsync(queued.Name);
        RpcStatus unknown = await ExecutionServer.FailureOfAsync(() => server.GetOperationAsync("operations/nope"));

        Assert.Equal(queued, operation);
        Assert.Equal(StatusCode.NotFound, unknown.Code);
    }

    [Fact]
    [Rule("OPS-02")]
    [Rule("EXE-04")]
    [Rule("Q-31")]
    public async Task Cancelling_ends_the_operation_as_CANCELLED_and_stops_the_worker()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        FakeWorker worker = server.ConnectWorker();
        await using OperationStream stream = server.Execute(await server.StoreActionAsync());
        SynchronizeResponse.Types.Execute lease = await worker.TakeAsync();
        string name = (await stream.UntilAsync(Stage.Executing)).Name;
        Task<SynchronizeResponse> poll = worker.PostExecutingAsync(
            lease.LeaseId, new Reapi.ExecutedActionMetadata { WorkerStartTimestamp = new Timestamp() });
        await stream.NextAsync(); // the post has arrived: it is held

        await server.CancelOperationAsync(name);
        Operation last = await stream.LastAsync();

        Assert.Equal(StatusCode.Cancelled, OperationStream.CodeOf(OperationStream.ResponseOf(last)));
        Assert.Equal(Operation.ResultOneofCase.Response, last.ResultCase);
        Assert.NotNull((await poll).Idle);
    }

    [Fact]
    [Rule("OPS-02")]
    [Rule("Q-23")]
    public async Task Cancelling_one_client_leaves_the_other_its_run()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        FakeWorker worker = server.ConnectWorker();
        Digest action = await server.StoreActionAsync();
        await using OperationStream leaving = server.Execute(action);
        string name = (await leaving.UntilAsync(Stage.Queued)).Name;
        await using OperationStream staying = server.Execute(action);
        await staying.UntilAsync(Stage.Queued);
        SynchronizeResponse.Types.Execute lease = await worker.TakeAsync();

        await server.CancelOperationAsync(name);
        Reapi.ExecuteResponse cancelled = await leaving.ResponseAsync();
        await worker.SucceedAsync(lease.LeaseId);
        Reapi.ExecuteResponse done = await staying.ResponseAsync();

        Assert.Equal(StatusCode.Cancelled, OperationStream.CodeOf(cancelled));
        Assert.Equal(StatusCode.Ok, OperationStream.CodeOf(done));
    }

    [Fact]
    [Rule("OPS-03")]
    [Rule("WEX-02")]
    public async Task A_deleted_operation_is_NOT_FOUND_even_for_who_waits()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        await using OperationStream stream = server.Execute(await server.StoreActionAsync());
        string name = (await stream.UntilAsync(Stage.Queued)).Name;

        await server.OperationsAsync<DeleteOperationRequest, Empty>("DeleteOperation", new DeleteOperationRequest { Name = name });

        RpcStatus waiting = await ExecutionServer.FailureOfAsync(() => stream.LastAsync());
        await using OperationStream late = server.Wait(name);
        RpcStatus asking = await ExecutionServer.FailureOfAsync(() => late.LastAsync());
        Assert.Equal(StatusCode.NotFound, waiting.Code);
        Assert.Equal(StatusCode.NotFound, asking.Code);
    }

    [Fact]
    [Rule("OPS-03")]
    [Rule("GEN-05")]
    public async Task Operations_are_listed_by_instance_and_in_pages()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        var streams = new List<OperationStream>();
        var names = new List<string>();
        for (int i = 0; i < 5; i++)
        {
            streams.Add(server.Execute(await server.StoreActionAsync($"{i}", instance: "here")));
            names.Add((await streams[^1].NextAsync())!.Name);
        }

        streams.Add(server.Execute(await server.StoreActionAsync(instance: "there")));
        await streams[^1].NextAsync();
        var found = new List<string>();
        var request = new ListOperationsRequest { Name = "here/operations", PageSize = 2, Filter = "whatever" };
        int pages = 0;
        do
        {
            ListOperationsResponse page = await server.OperationsAsync<ListOperationsRequest, ListOperationsResponse>("ListOperations", request);
            Assert.InRange(page.Operations.Count, 1, 2);
            found.AddRange(page.Operations.Select(operation => operation.Name));
            request.PageToken = page.NextPageToken;
            pages++;
        }
        while (request.PageToken.Length > 0);

        Assert.Equal(3, pages);
        Assert.Equal(names.Order(), found.Order());
        foreach (OperationStream stream in streams)
            await stream.DisposeAsync();
    }

    [Fact]
    public async Task Bad_list_requests_are_INVALID_ARGUMENT()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();

        foreach (ListOperationsRequest request in new[]
        {
            new ListOperationsRequest { PageSize = -1 }, new ListOperationsRequest { PageToken = "x" }, new ListOperationsRequest { Name = "a//b" },
        })
        {
            RpcStatus status = await ExecutionServer.FailureOfAsync(() =>
                server.OperationsAsync<ListOperationsRequest, ListOperationsResponse>("ListOperations", request));
            Assert.Equal(StatusCode.InvalidArgument, status.Code);
        }
    }

    [Fact]
    [Rule("OPS-03")]
    public async Task An_operation_can_be_waited_for()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        FakeWorker worker = server.ConnectWorker();
        await using OperationStream stream = server.Execute(await server.StoreActionAsync());
        string name = (await stream.UntilAsync(Stage.Queued)).Name;

        Operation impatient = await server.OperationsAsync<WaitOperationRequest, Operation>(
            "WaitOperation", new WaitOperationRequest { Name = name, Timeout = new Duration() });
        Task<Operation> patient = server.OperationsAsync<WaitOperationRequest, Operation>("WaitOperation", new WaitOperationRequest { Name = name });
        await worker.SucceedAsync((await worker.TakeAsync()).LeaseId);

        Assert.False(impatient.Done);
        Assert.True((await patient).Done);
    }
}
