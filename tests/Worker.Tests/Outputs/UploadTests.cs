using RemoteExec.Cas;
using RemoteExec.Cas.Stores;
using RemoteExec.Rpc;
using RemoteExec.TestKit;

namespace RemoteExec.Worker.Tests.Outputs;

/// <summary>Uploads that break off.</summary>
public sealed class UploadTests
{
    private readonly FaultyStore cas = new(new MemoryStore(1 << 30));
    private int commits;

    [Theory]
    [InlineData(StoreOperation.Write)]
    [InlineData(StoreOperation.Commit)]
    public async Task A_file_is_uploaded_anew_if_that_may_help(StoreOperation operation)
    {
        BreakOff(operation, times: 2, mayBeginAnew: true);

        Reapi.ExecuteResponse response = await MakeOutputAsync();

        Assert.Null(response.Status);
        Assert.NotNull(Assert.Single(response.Result.OutputFiles));
        Assert.Equal(3, commits);
    }

    [Fact]
    public async Task A_file_that_can_not_be_uploaded_fails_the_attempt_after_a_while()
    {
        BreakOff(StoreOperation.Commit, times: int.MaxValue, mayBeginAnew: true);

        Reapi.ExecuteResponse response = await MakeOutputAsync();

        Assert.Equal((int)StatusCode.Unavailable, response.Status?.Code);
        Assert.InRange(commits, 2, 10);
    }

    [Fact]
    public async Task A_file_is_not_uploaded_anew_if_the_store_is_broken()
    {
        BreakOff(StoreOperation.Commit, times: int.MaxValue, mayBeginAnew: false);

        Reapi.ExecuteResponse response = await MakeOutputAsync();

        Assert.Equal((int)StatusCode.Unavailable, response.Status?.Code);
        Assert.Equal(1, commits);
    }

    private async Task<Reapi.ExecuteResponse> MakeOutputAsync()
    {
        await using ActionFixture worker = await ActionFixture.MakeAsync(cas: cas);
        return (await worker.ShellAsync("head -c 100000 /dev/zero > out", "out")).Response;
    }

    // Only the output is so large that it is read from the disk once more; of what is smaller, the store has all.
    private void BreakOff(StoreOperation operation, int times, bool mayBeginAnew) => cas.Before = (current, digest) =>
        current == operation && digest!.Value.SizeBytes == 100_000 && ++commits <= times
            ? throw new StoreUnavailableException("far", null) { MayBeginAnew = mayBeginAnew }
            : ValueTask.CompletedTask;
}
