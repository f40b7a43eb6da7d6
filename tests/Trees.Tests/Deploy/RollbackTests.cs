using RemoteExec.Trees.Deploy;

namespace RemoteExec.Trees.Tests.Deploy;

public sealed class RollbackTests : IDisposable
{
    private readonly DeployBench bench = new();

    public void Dispose() => bench.Dispose();

    [Fact]
    public async Task Rollbacks_go_further_back_each_and_a_deployment_goes_on_from_there()
    {
        for (int version = 1; version <= 3; version++)
            await bench.DeployAsync(version);

        await bench.RollBackAsync();
        await bench.RollBackAsync();

        Assert.Equal(1, bench.Version());
        Assert.Equal(["3 Kept", "2 Kept", "1 Current"], bench.Listed());
        Assert.StartsWith("there is no release before the one in service", (await Assert.ThrowsAsync<TreeException>(() => bench.RollBackAsync())).Message, StringComparison.Ordinal);
        await bench.DeployAsync(4);
        Assert.Equal(["4 Current", "1 Kept 1", "3 Kept 2", "2 Kept 3"], bench.Listed());
        await bench.RollBackAsync();
        Assert.Equal(1, bench.Version());
    }

    [Fact]
    public async Task A_release_is_chosen_by_its_place_its_digest_or_the_beginning_of_its_hash()
    {
        for (int version = 1; version <= 4; version++)
            await bench.DeployAsync(version);
        string second = (await bench.PushAsync(2)).ToArgument(), fourth = (await bench.PushAsync(4)).Hash[..8];

        foreach ((string to, int version) in new[] { ("3", 1), (fourth, 4), ("1", 3), (second, 2), (second[7..], 2), (fourth, 4), ("2", 2) })
        {
            Assert.Equal(version, (await bench.RollBackAsync(to)).Now.Version);
            Assert.Equal(version, bench.Version());
        }

        Assert.Equal("there are 1 releases before the current one: '2' is none of them", (await Assert.ThrowsAsync<TreeException>(() => bench.RollBackAsync("2"))).Message);
        foreach (string none in new[] { "0", "000", "abcdefgh", "", "sha256:", "-1" })
            await Assert.ThrowsAsync<TreeException>(() => bench.RollBackAsync(none));
        Assert.Equal(2, bench.Version());
    }

    [Fact]
    public async Task A_release_that_somebody_deleted_is_told()
    {
        DeployedRelease first = await bench.DeployAsync(1);
        await bench.DeployAsync(2);
        Directory.Delete(first.Path, recursive: true);

        TreeException told = await Assert.ThrowsAsync<TreeException>(() => bench.RollBackAsync());

        Assert.Equal($"'{first.Path}' was deleted: deploy {first.Release.Root.ToArgument()} again", told.Message);
        await bench.DeployAsync(1);
        Assert.Equal(1, bench.Version());
    }

    [Fact]
    public async Task Where_nothing_was_deployed_that_is_told()
    {
        Assert.Equal($"nothing was deployed into '{bench.Target.Path}' yet", Assert.Throws<TreeException>(() => bench.Listed().ToList()).Message);
        await Assert.ThrowsAsync<TreeException>(() => bench.RollBackAsync());
        Assert.False(Directory.Exists(bench.Target.Path));
    }
}
