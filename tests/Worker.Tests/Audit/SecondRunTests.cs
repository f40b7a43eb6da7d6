using RemoteExec.Protocol.Audits;
using RemoteExec.Worker.Audit;
using RemoteExec.Worker.Sandbox;
using Difference = RemoteExec.Protocol.Audits.SecondRun.Types.Difference;

namespace RemoteExec.Worker.Tests.Audit;

/// <summary>Actions that are run a second time, in each tier.</summary>
public abstract class SecondRunTests(string tier)
{
    [Fact]
    public async Task An_action_that_makes_the_same_again_is_left_alone()
    {
        Needs.ActionUsers();
        await using ActionFixture worker = await MakeAsync(quarantines: true);
        await worker.AddFileAsync("dir/in", "content\n");

        ExecutionOutcome outcome = await worker.ShellAsync("mkdir out; cat dir/in > out/copy; ln -s copy out/link; echo log; echo log >&2", "out");

        Assert.False(outcome.DoNotStore);
        Assert.Empty((await AccessAuditTests.ReportAsync(worker, outcome))!.SecondRun.Differences);
        Assert.Equal("", outcome.Response.Message);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_differs_is_told_byte_for_byte_and_kept_out_of_the_cache_if_so_configured(bool quarantines)
    {
        Needs.ActionUsers();
        await using ActionFixture worker = await MakeAsync(quarantines);

        ExecutionOutcome outcome = await worker.ShellAsync(
            "mkdir out; printf 'built at %010d!' $(date +%s) > out/stamp; echo same > out/same; head -c 8 /dev/urandom | od -An -tx1; mktemp -u out/XXXXXXXX | xargs touch", "out");

        Assert.Equal(quarantines, outcome.DoNotStore);
        Assert.Equal(0, outcome.Response.Result.ExitCode);
        IList<Difference> differences = (await AccessAuditTests.ReportAsync(worker, outcome))!.SecondRun.Differences;
        Difference stamp = Assert.Single(differences, difference => difference.Path == "out/stamp");
        Assert.Equal(("content", 20L, 20L), (stamp.What, stamp.FirstSize, stamp.SecondSize));
        Assert.InRange(stamp.DifferingBytes, 1, 10);
        Assert.InRange(stamp.Offsets[0], 9, 18);
        Assert.NotEqual(stamp.FirstBytes, stamp.SecondBytes);
        Assert.Contains(differences, difference => difference.Path == "stdout");
        Assert.Contains(differences, difference => difference.What == "made by the first run only");
        Assert.Contains(differences, difference => difference.What == "made by the second run only");
        Assert.DoesNotContain(differences, difference => difference.Path is "out" or "out/same" or "stderr");
        Assert.Contains("is not deterministic", Assert.Single(worker.Log.Entries).Text, StringComparison.Ordinal);
        Assert.Equal(quarantines, outcome.Response.Message.Contains("is not cached", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_second_run_that_fails_differs()
    {
        Needs.ActionUsers();
        await using ActionFixture worker = await MakeAsync(quarantines: false);

        ExecutionOutcome outcome = await worker.ShellAsync("test $(uname -n) = remoteexec || exit 7");

        IList<Difference> differences = (await AccessAuditTests.ReportAsync(worker, outcome))!.SecondRun.Differences;
        Assert.Equal("0 in the first run; the second ended with 7", Assert.Single(differences).What);
    }

    [Fact]
    public async Task What_is_not_cached_or_has_failed_is_not_run_again()
    {
        Needs.ActionUsers();
        await using ActionFixture worker = await MakeAsync(quarantines: true);

        ExecutionOutcome failed = await worker.ShellAsync("date +%N; exit 1");

        Assert.False(failed.DoNotStore);
        Assert.Null(await AccessAuditTests.ReportAsync(worker, failed));
    }

    private Task<ActionFixture> MakeAsync(bool quarantines) => ActionFixture.MakeAsync(
        options => options with { Sandbox = options.Sandbox with { Audit = new AuditOptions { Rerun = 1, Quarantines = quarantines } } }, tier: tier);
}

/// <summary>Where input roots are laid out.</summary>
public sealed class NamespacesSecondRunTests() : SecondRunTests(SandboxTiers.Namespaces);

/// <summary>Where input roots are overlays and mounts.</summary>
public sealed class CachedTreesSecondRunTests() : SecondRunTests(SandboxTiers.CachedTrees);
