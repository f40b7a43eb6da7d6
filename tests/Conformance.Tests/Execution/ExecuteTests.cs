using Google.LongRunning;
using RemoteExec.Protocol.Workers;
using RemoteExec.Rpc;
using RemoteExec.TestKit;
using Digest = RemoteExec.Protocol.Digest;
using Stage = Build.Bazel.Remote.Execution.V2.ExecutionStage.Types.Value;

namespace RemoteExec.Conformance.Tests.Execution;

public sealed class ExecuteTests
{
    [Fact]
    [Rule("EXE-01")]
    [Rule("EXE-02")]
    [Rule("EXE-13")]
    [Rule("EXE-20")]
    [Rule("EXE-14")]
    public async Task An_action_goes_to_a_worker_and_its_result_to_the_client()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        FakeWorker worker = server.ConnectWorker();
        Digest action = await server.StoreActionAsync();

        await using OperationStream stream = server.Execute(action);
        Operation first = (await stream.NextAsync())!;
        SynchronizeResponse.Types.Execute lease = await worker.TakeAsync();
        await stream.UntilAsync(Stage.Executing);
        await worker.SucceedAsync(lease.LeaseId, new Reapi.ActionResult { StdoutRaw = Google.Protobuf.ByteString.CopyFromUtf8("hello") });
        Operation last = await stream.LastAsync();

        Assert.False(first.Done);
        Assert.Equal(action.ToProto(), OperationStream.MetadataOf(first).ActionDigest);
        Assert.Equal(Reapi.DigestFunction.Types.Value.Sha256, OperationStream.MetadataOf(first).DigestFunction);
        Assert.Equal(action.ToProto(), lease.ActionDigest);
        Assert.True(last.Done);
        Assert.Equal(Stage.Completed, OperationStream.StageOf(last));
        Assert.Equal(Operation.ResultOneofCase.Response, last.ResultCase);
        Assert.Equal("hello", OperationStream.ResponseOf(last).Result.StdoutRaw.ToStringUtf8());
        Assert.Equal(StatusCode.Ok, OperationStream.CodeOf(OperationStream.ResponseOf(last)));
        Assert.NotNull(await server.Cache.GetAsync(action, TestContext.Current.CancellationToken));
    }
}
