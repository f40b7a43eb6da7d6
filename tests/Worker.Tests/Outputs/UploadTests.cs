using RemoteExec.Cas;
using RemoteExec.Cas.Stores;
using RemoteExec.Native;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.TestKit;
using RemoteExec.Worker.Outputs;

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

    [Fact]
    public async Task A_file_that_changes_after_it_was_hashed_is_not_stored_even_if_the_store_does_not_look()
    {
        using var temp = new TempDirectory();
        string path = Path.Combine(temp.Path, "out");
        await File.WriteAllBytesAsync(path, new byte[100_000], TestContext.Current.CancellationToken);
        var blobs = new OutputBlobs(cas, ActionFixture.Anchor);
        Digest digest = await blobs.AddFileAsync(path, FileStatus.Of(path)!.Value, TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(path, [.. new byte[99_999], 1], TestContext.Current.CancellationToken);
        File.SetLastWriteTimeUtc(path, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));

        await Assert.ThrowsAsync<IOException>(() => blobs.UploadAsync(TestContext.Current.CancellationToken));

        Assert.False(await cas.ContainsAsync(digest, TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Outputs_are_not_verified_again_only_where_nothing_can_change_them(bool separateUsers)
    {
        if (separateUsers)
            Needs.ActionUsers();
        var trusting = new MemoryStore(1 << 20);
        await using ActionFixture worker = await ActionFixture.MakeAsync(separateUsers: separateUsers, hashedOutputs: trusting);

        Reapi.ExecuteResponse response = (await worker.ShellAsync("echo content > out", "out")).Response;

        Assert.True(ActionFixture.Anchor.TryParseSibling(response.Result.OutputFiles[0].Digest, out Digest digest, out _));
        Assert.Equal(separateUsers, await trusting.ContainsAsync(digest, TestContext.Current.CancellationToken));
        Assert.Equal(!separateUsers, await worker.Cas.ContainsAsync(digest, TestContext.Current.CancellationToken));
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
