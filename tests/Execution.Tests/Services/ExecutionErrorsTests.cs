using RemoteExec.Execution.Operations;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Execution.Services;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.TestKit;

namespace RemoteExec.Execution.Tests.Services;

public sealed class ExecutionErrorsTests
{
    [Theory]
    [Rule("EXE-04")]
    [Rule("Q-01")]
    [Rule("Q-12")]
    [InlineData(nameof(FailureKind.InvalidAction), StatusCode.InvalidArgument)]
    [InlineData(nameof(FailureKind.MissingBlobs), StatusCode.FailedPrecondition)]
    [InlineData(nameof(FailureKind.NoWorker), StatusCode.FailedPrecondition)]
    [InlineData(nameof(FailureKind.Cancelled), StatusCode.Cancelled)]
    [InlineData(nameof(FailureKind.Abandoned), StatusCode.Unavailable)]
    [InlineData(nameof(FailureKind.ShuttingDown), StatusCode.Unavailable)]
    [InlineData(nameof(FailureKind.QueueFull), StatusCode.Unavailable)]
    [InlineData(nameof(FailureKind.StorageUnavailable), StatusCode.Unavailable)]
    [InlineData(nameof(FailureKind.StorageFull), StatusCode.ResourceExhausted)]
    [InlineData(nameof(FailureKind.WorkerLost), StatusCode.Internal)]
    [InlineData(nameof(FailureKind.Internal), StatusCode.Internal)]
    public void Each_failure_has_its_code(string kind, StatusCode code)
    {
        Reapi.ExecuteResponse response = ExecutionErrors.ToResponse(new Outcome.Failed(Enum.Parse<FailureKind>(kind), "why"));

        Assert.Equal((int)code, response.Status.Code);
        Assert.Equal("why", response.Status.Message);
        Assert.Empty(response.Status.Details);
        Assert.Null(response.Result);
    }

    [Fact]
    [Rule("EXE-05")]
    public void A_missing_blob_whose_hash_does_not_tell_its_function_is_named_with_it()
    {
        Digest digest = Digest.Create(InstanceName.Parse("some"), DigestFunction.Blake3, new byte[32], 7);

        Reapi.ExecuteResponse response = ExecutionErrors.ToResponse(new Outcome.Failed(FailureKind.MissingBlobs, "") { Missing = [digest] });

        Google.Rpc.PreconditionFailure failure = Assert.Single(response.Status.Details).Unpack<Google.Rpc.PreconditionFailure>();
        Assert.Equal($"blobs/blake3/{new string('0', 64)}/7", Assert.Single(failure.Violations).Subject);
    }

    [Fact]
    public void What_ends_a_call_has_its_code()
    {
        Assert.Equal(StatusCode.NotFound, ExecutionErrors.ToStatus(new OperationNotFoundException("x"))?.Code);
        Assert.Equal(StatusCode.Unavailable, ExecutionErrors.ToStatus(new SchedulerStoppedException())?.Code);
        Assert.Null(ExecutionErrors.ToStatus(new InvalidOperationException()));
    }
}
