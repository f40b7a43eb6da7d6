using Google.Protobuf;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.TestKit;
using Digest = RemoteExec.Protocol.Digest;

namespace RemoteExec.Conformance.Tests.Execution;

/// <summary>Actions that can't be queued because something of them is missing or malformed.</summary>
public sealed class MissingBlobTests
{
    [Fact]
    [Rule("EXE-05")]
    [Rule("EXE-06")]
    [Rule("Q-02")]
    [Rule("Q-03")]
    [Rule("Q-11")]
    public async Task A_missing_action_is_named_in_the_response_of_a_done_operation()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        Digest action = TestBlob.Random(1, 100, instance: "some").Digest;

        await using OperationStream stream = server.Execute(action);
        Reapi.ExecuteResponse response = await stream.ResponseAsync();

        AssertMissing(response, action);
        Assert.Equal($"blobs/{action.Hash}/100", Violations(response)[0].Subject);
        Assert.Null(response.Result);
    }

    [Fact]
    [Rule("EXE-05")]
    [Rule("ACT-01")]
    [Rule("Q-03")]
    public async Task A_missing_command_and_a_missing_input_root_are_named_together()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        Digest command = TestBlob.Random(1, 10).Digest;
        Digest root = TestBlob.Random(2, 20).Digest;
        Digest action = await server.StoreAsync(new Reapi.Action { CommandDigest = command.ToProto(), InputRootDigest = root.ToProto() });

        await using OperationStream stream = server.Execute(action);

        AssertMissing(await stream.ResponseAsync(), command, root);
    }

    [Fact]
    [Rule("EXE-05")]
    [Rule("DIR-08")]
    [Rule("Q-02")]
    [Rule("Q-03")]
    public async Task Missing_inputs_that_a_worker_reports_reach_the_client_as_they_are()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        FakeWorker worker = server.ConnectWorker();
        Digest action = await server.StoreActionAsync();
        var failure = new Google.Rpc.PreconditionFailure
        {
            Violations = { new Google.Rpc.PreconditionFailure.Types.Violation { Type = "MISSING", Subject = $"blobs/{new string('a', 64)}/1" } },
        };
        var status = new Google.Rpc.Status
        {
            Code = (int)StatusCode.FailedPrecondition,
            Message = "1 blob is missing",
            Details = { Google.Protobuf.WellKnownTypes.Any.Pack(failure) },
        };

        await using OperationStream stream = server.Execute(action);
        await worker.CompleteAsync((await worker.TakeAsync()).LeaseId, new Reapi.ExecuteResponse { Status = status });

        Assert.Equal(status, (await stream.ResponseAsync()).Status);
        Assert.Null(await server.CachedAsync(action));
    }

    [Fact]
    [Rule("DIG-03")]
    public async Task An_empty_input_root_needs_no_upload()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        await using OperationStream stream = server.Execute(await server.StoreActionAsync());

        Assert.NotNull(await server.ConnectWorker().TakeAsync());
    }

    [Fact]
    [Rule("EXE-04")]
    [Rule("GEN-06")]
    [Rule("DIG-10")]
    public async Task Malformed_actions_and_commands_are_refused()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        Digest garbage = await server.StoreBlobAsync("this is no message");
        Digest noCommand = await server.StoreActionAsync(changeAction: action => action.CommandDigest = null);
        Digest noRoot = await server.StoreActionAsync(changeAction: action => action.InputRootDigest = null);
        Digest badCommand = await server.StoreActionAsync(changeAction: action => action.CommandDigest = garbage.ToProto());
        Digest otherFunction = await server.StoreActionAsync(
            changeAction: action => action.CommandDigest = new Reapi.Digest { Hash = new string('a', 40), SizeBytes = 1 });

        foreach ((Digest action, string expected) in new[]
        {
            (garbage, "is no Action"), (noCommand, "command_digest"), (noRoot, "input_root_digest"),
            (badCommand, "is no Command"), (otherFunction, "command_digest"),
        })
        {
            await using OperationStream stream = server.Execute(action);
            Reapi.ExecuteResponse response = await stream.ResponseAsync();

            Assert.Equal(StatusCode.InvalidArgument, OperationStream.CodeOf(response));
            Assert.Contains(expected, response.Status.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    [Rule("CMD-01")]
    [Rule("CMD-04")]
    public async Task A_bad_command_is_refused()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        Digest nothing = await server.StoreActionAsync(changeCommand: command => command.Arguments.Clear());
        Digest escaping = await server.StoreActionAsync(changeCommand: command => command.OutputPaths.Add("../x"));

        foreach ((Digest action, string expected) in new[] { (nothing, "arguments"), (escaping, "'../x'") })
        {
            await using OperationStream stream = server.Execute(action);
            Reapi.ExecuteResponse response = await stream.ResponseAsync();

            Assert.Equal(StatusCode.InvalidArgument, OperationStream.CodeOf(response));
            Assert.Contains(expected, response.Status.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    [Rule("EXE-04")]
    [Rule("Q-01")]
    public async Task Storage_that_is_out_of_reach_is_UNAVAILABLE()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        Digest action = await server.StoreActionAsync();
        server.Faults.Fail(StoreOperation.OpenRead, () => new StoreUnavailableException("cas", null));

        await using OperationStream stream = server.Execute(action);

        Assert.Equal(StatusCode.Unavailable, OperationStream.CodeOf(await stream.ResponseAsync()));
    }

    [Fact]
    [Rule("EXE-05")]
    public async Task A_damaged_action_is_missing()
    {
        await using ExecutionServer server = await ExecutionServer.StartAsync();
        Digest action = await server.StoreActionAsync();
        server.Faults.Fail(StoreOperation.Read, () => new BlobCorruptException(action));

        await using OperationStream stream = server.Execute(action);

        AssertMissing(await stream.ResponseAsync(), action);
    }

    private static void AssertMissing(Reapi.ExecuteResponse response, params Digest[] missing)
    {
        Assert.Equal(StatusCode.FailedPrecondition, OperationStream.CodeOf(response));
        Assert.Equal("type.googleapis.com/google.rpc.PreconditionFailure", Assert.Single(response.Status.Details).TypeUrl);
        Assert.All(Violations(response), violation => Assert.Equal("MISSING", violation.Type));
        Assert.Equal(
            missing.Select(digest => $"blobs/{digest.Hash}/{digest.SizeBytes}").Order(),
            Violations(response).Select(violation => violation.Subject).Order());
    }

    private static IReadOnlyList<Google.Rpc.PreconditionFailure.Types.Violation> Violations(Reapi.ExecuteResponse response) =>
        response.Status.Details[0].Unpack<Google.Rpc.PreconditionFailure>().Violations;
}
