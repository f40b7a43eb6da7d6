using RemoteExec.Trees.Deploy;

namespace RemoteExec.Trees.Tests.Deploy;

public sealed class ReleaseHookTests : IDisposable
{
    private readonly DeployBench bench = new();

    public void Dispose() => bench.Dispose();

    [Fact]
    public async Task Hooks_run_in_the_release_and_know_what_is_done()
    {
        const string Tell = "echo \"$(basename \"$PWD\") $REMOTEEXEC_ACTION $REMOTEEXEC_RELEASE_REF $(cat \"$REMOTEEXEC_RELEASE/version\") $(cat \"$REMOTEEXEC_PREVIOUS/version\" 2>&-) "
            + "$(cat \"$REMOTEEXEC_DEPLOY_DIR/current/version\" 2>&-) $REMOTEEXEC_RELEASE_DIGEST $REMOTEEXEC_PREVIOUS_DIGEST\" >>\"$REMOTEEXEC_DEPLOY_DIR/told\"";

        DeployedRelease first = await bench.DeployAsync(1, Tell, Tell);
        DeployedRelease second = await bench.DeployAsync(2, Tell, Tell);
        await bench.RollBackAsync(pre: Tell, post: Tell);

        (string one, string two) = (first.Release.Root.ToArgument(), second.Release.Root.ToArgument());
        Assert.Equal(
            [
                $"{first.Release.Name} deploy app 1   {one} ",
                $"{first.Release.Name} deploy app 1  1 {one} ",
                $"{second.Release.Name} deploy app 2 1 1 {two} {one}",
                $"{second.Release.Name} deploy app 2 1 2 {two} {one}",
                $"{first.Release.Name} rollback app 1 2 2 {one} {two}",
                $"{first.Release.Name} rollback app 1 2 1 {one} {two}",
            ],
            File.ReadAllLines(bench.Trees["app", "told"]));
    }

    [Fact]
    public async Task A_hook_before_that_fails_changes_nothing()
    {
        await bench.DeployAsync(1);

        TreeException told = await Assert.ThrowsAsync<TreeException>(() => bench.DeployAsync(2, pre: "exit 3", post: "echo >\"$REMOTEEXEC_DEPLOY_DIR/told\""));

        Assert.Equal($"--pre ended with 3 in '{bench.Target.PathOf((await bench.PushAsync(2)).Hash)}': nothing was changed", told.Message);
        Assert.False(File.Exists(bench.Trees["app", "told"]));
        Assert.Equal(1, bench.Version());
        Assert.Equal(["1 Current"], bench.Listed());
        Assert.Equal(0, (await bench.DeployAsync(2)).Pulled.FetchedBlobs); // it is there already
        Assert.Equal(2, bench.Version());
    }

    [Fact]
    public async Task A_hook_after_that_fails_has_what_was_in_service_before_in_service_again()
    {
        const string FailsForTwo = "cat version >>\"$REMOTEEXEC_DEPLOY_DIR/told\"; test $(cat version) != 2";
        DeployedRelease first = await bench.DeployAsync(1);

        TreeException told = await Assert.ThrowsAsync<TreeException>(() => bench.DeployAsync(2, post: FailsForTwo));

        Assert.Equal($"--post ended with 1 in '{bench.Target.PathOf((await bench.PushAsync(2)).Hash)}': {first.Release} is in service again", told.Message);
        Assert.Equal("21", File.ReadAllText(bench.Trees["app", "told"])); // and is told so
        Assert.Equal(1, bench.Version());
        Assert.Equal(["1 Current"], bench.Listed());
        Assert.EndsWith(", but for it --post ended with 1 as well", (await Assert.ThrowsAsync<TreeException>(() => bench.DeployAsync(2, post: "false"))).Message, StringComparison.Ordinal);
        Assert.Equal(1, bench.Version());
    }

    [Fact]
    public async Task The_first_release_of_all_is_not_in_service_if_the_hook_fails()
    {
        Assert.EndsWith(": nothing is in service, as before", (await Assert.ThrowsAsync<TreeException>(() => bench.DeployAsync(1, post: "false"))).Message, StringComparison.Ordinal);

        Assert.Null(bench.Version());
        Assert.Empty(bench.Listed());
        await bench.DeployAsync(1);
        Assert.Equal(1, bench.Version());
    }

    [Fact]
    public async Task A_rollback_whose_hook_fails_is_rolled_back()
    {
        await bench.DeployAsync(1);
        await bench.DeployAsync(2);

        await Assert.ThrowsAsync<TreeException>(() => bench.RollBackAsync(post: "false"));
        Assert.Equal(2, bench.Version());
        await Assert.ThrowsAsync<TreeException>(() => bench.RollBackAsync(pre: "false"));

        Assert.Equal(2, bench.Version());
        Assert.Equal(["2 Current", "1 Kept 1"], bench.Listed());
    }

    [Fact]
    public async Task Of_releases_that_fail_one_after_the_other_only_the_last_stays()
    {
        await bench.DeployAsync(1);

        for (int version = 2; version < 6; version++)
            await Assert.ThrowsAsync<TreeException>(() => bench.DeployAsync(version, pre: "false"));

        Assert.Equal(2, bench.Names.Length);
        Assert.Equal(4, bench.Blobs.Length);
    }
}
