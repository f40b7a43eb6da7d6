using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.TestKit;
using RemoteExec.Worker.Disk;

namespace RemoteExec.Worker.Tests.Disk;

/// <summary>Real actions that take much of a real disk.</summary>
public sealed class ActionDiskTests
{
    private const int Megabyte = 1024 * 1024;

    [Theory]
    [InlineData("cached-trees", "head -c 30000000 /dev/zero > file")]
    [InlineData("cached-trees", "head -c 30000000 /dev/zero > $TMPDIR/file")]
    [InlineData("namespaces", "mkdir d; head -c 30000000 /dev/zero > d/file; ln d/file a; chmod 000 d/file")]
    [InlineData("directory", "head -c 30000000 /dev/zero > file")]
    public async Task One_that_takes_more_than_it_may_is_stopped_and_its_answer_names_the_limit(string tier, string script)
    {
        Needs.ActionUsers();
        var time = new ManualTimeProvider();
        await using ActionFixture worker = await ActionFixture.MakeAsync(options => options with { MaxDiskBytes = 20 * Megabyte }, tier: tier, diskTime: time);

        Task<ExecutionOutcome> running = worker.ShellAsync($"echo log; {script}; sleep 1000", "file");
        await Eventually.TrueAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(6));
            return running.IsCompleted;
        });
        ExecutionOutcome outcome = await running;

        Assert.Equal((int)StatusCode.FailedPrecondition, outcome.Response.Status.Code);
        Assert.Contains($"more than the {20 * Megabyte} that the worker's setting worker.maxDiskBytes allows", outcome.Response.Status.Message, StringComparison.Ordinal);
        Assert.False(outcome.Retryable);
        Assert.Equal("log\n", await worker.ReadAsync(outcome.Response.Result.StdoutDigest));
        Assert.Equal(137, outcome.Response.Result.ExitCode);
        Assert.Empty(outcome.Response.Result.OutputFiles);
        Assert.Null(outcome.Usage);
    }

    [Theory]
    [InlineData("20m", 20 * Megabyte, "the action's platform property max-disk-bytes")]
    [InlineData("200m", 100 * Megabyte, "the worker's setting worker.maxDiskBytes")]
    public void An_action_may_ask_for_less_but_not_for_more(string value, long bytes, string from)
    {
        var platform = new Reapi.Platform { Properties = { new Reapi.Platform.Types.Property { Name = OutputProperties.MaxDisk, Value = value } } };

        Assert.Equal(new DiskLimit(bytes, from), DiskLimit.Of(new WorkerOptions { MaxDiskBytes = 100 * Megabyte }, platform));
    }

    [Fact]
    public void A_limit_that_is_no_number_breaks_a_rule()
    {
        var platform = new Reapi.Platform { Properties = { new Reapi.Platform.Types.Property { Name = OutputProperties.MaxDisk, Value = "much" } } };

        Assert.Throws<InvalidActionException>(() => DiskLimit.Of(new WorkerOptions(), platform));
    }

    // 64 MiB of a file system of its own, of which 3 are to stay free.
    [Theory]
    [InlineData("cached-trees", "while :; do head -c 1000000 /dev/zero >> file; sleep 0.01; done")]
    [InlineData("cached-trees", "exec 3> file; rm file; while :; do head -c 1000000 /dev/zero >&3; sleep 0.01; done")] // without a name
    [InlineData("directory", "while :; do head -c 1000000 /dev/zero >> $TMPDIR/file; sleep 0.01; done")]
    public async Task One_that_fills_the_disk_is_stopped_others_and_the_worker_go_on(string tier, string script)
    {
        Needs.ActionUsers();
        await using var disk = await SmallDisk.MountAsync(64 * Megabyte);
        await using ActionFixture worker = await ActionFixture.MakeAsync(tier: tier, place: $"{disk.Path}/worker");
        Task<ExecutionOutcome> small = worker.ShellAsync(
            "free() { set -- $(stat -f -c '%a %b' .); echo $(($1 * 100 / $2)); }; until [ $(free) -lt 25 ]; do sleep 0.02; done; until [ $(free) -gt 50 ]; do sleep 0.02; done; echo done > out", "out");

        ExecutionOutcome greedy = await worker.ShellAsync($"echo log; {script}", "file");

        Assert.Equal((int)StatusCode.ResourceExhausted, greedy.Response.Status.Code);
        Assert.Contains("worker.minFreeDisk", greedy.Response.Status.Message, StringComparison.Ordinal);
        Assert.True(greedy.Retryable);
        Assert.Null(greedy.Response.Result);
        if (!script.Contains("rm file", StringComparison.Ordinal)) // of which nobody can tell whose it is
            Assert.Equal("done\n", await worker.ReadAsync(Assert.Single((await small).Response.Result.OutputFiles).Digest));
        await small;
        await worker.AssertAllIsDeletedAsync();
        Assert.Equal("next\n", await worker.ReadAsync((await worker.ShellAsync("head -c 20000000 /dev/zero > x && echo next")).Response.Result.StdoutDigest));
    }
}
