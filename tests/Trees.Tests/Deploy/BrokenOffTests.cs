using RemoteExec.Trees.Deploy;

namespace RemoteExec.Trees.Tests.Deploy;

/// <summary>Deployments that were broken off, wherever they were: what is in service is whole, and the next command goes on.</summary>
public sealed class BrokenOffTests : IDisposable
{
    private readonly DeployBench bench = new();

    public void Dispose() => bench.Dispose();

    [Fact]
    public async Task Before_the_change_nothing_has_happened()
    {
        await bench.DeployAsync(1);

        await bench.BreakOffAsync(2, afterwards: false);

        Assert.Equal(1, bench.Version());
        Assert.Equal(["1 Current"], bench.Listed());
        await bench.DeployAsync(2);
        Assert.Equal(["2 Current", "1 Kept 1"], bench.Listed());
    }

    [Fact]
    public async Task After_it_the_same_release_is_completed_with_its_hooks()
    {
        await bench.DeployAsync(1);

        await bench.BreakOffAsync(2, afterwards: true);

        Assert.Equal(2, bench.Version());
        Assert.Equal(["2 Unfinished", "1 Kept 1"], bench.Listed());
        DeployedRelease again = await bench.DeployAsync(2, post: "echo >\"$REMOTEEXEC_DEPLOY_DIR/told\"");
        Assert.True(File.Exists(bench.Trees["app", "told"]));
        Assert.False(again.IsUnchanged);
        Assert.Equal(1, again.Before?.Version);
        Assert.Equal(["2 Current", "1 Kept 1"], bench.Listed());
    }

    [Fact]
    public async Task After_it_one_can_go_back()
    {
        await bench.DeployAsync(1);
        await bench.BreakOffAsync(2, afterwards: true);

        await bench.RollBackAsync();

        Assert.Equal(1, bench.Version());
        Assert.Equal(["1 Current"], bench.Listed());
        await bench.DeployAsync(3);
        Assert.Equal(2, bench.Names.Length); // what was never in service does not stay
    }

    [Fact]
    public async Task After_it_another_release_takes_the_place_of_the_one_before()
    {
        await bench.DeployAsync(1);
        await bench.BreakOffAsync(2, afterwards: true);

        await Assert.ThrowsAsync<TreeException>(() => bench.DeployAsync(3, post: "false"));
        Assert.Equal(1, bench.Version());
        await bench.DeployAsync(3);

        Assert.Equal(["3 Current", "1 Kept 1"], bench.Listed());
    }

    [Fact]
    public async Task An_older_release_that_was_to_be_in_service_again_is_one_as_any()
    {
        for (int version = 1; version <= 3; version++)
            await bench.DeployAsync(version);
        await bench.BreakOffAsync(1, afterwards: true);

        Assert.Equal(["3 Kept 1", "2 Kept 2", "1 Unfinished"], bench.Listed());
        await bench.RollBackAsync();

        Assert.Equal(["3 Current", "2 Kept 1", "1 Kept 2"], bench.Listed());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Between_two_steps_of_the_change_the_symlink_counts(bool isFlipped)
    {
        await bench.DeployAsync(1);
        await bench.DeployAsync(2);
        await bench.BreakOffAsync(3, afterwards: true); // now it is written down that it is under way
        if (!isFlipped)
            bench.Target.Flip((await bench.PushAsync(2)).Hash);

        await bench.RollBackAsync();

        Assert.Equal(isFlipped ? 2 : 1, bench.Version());
    }

    [Fact]
    public async Task A_deletion_that_was_broken_off_is_gone_on_with()
    {
        await bench.DeployAsync(1);
        Directory.Move(bench.Target.PathOf((await bench.PushAsync(1)).Hash), bench.Trees["app", ".deploy", "trash"]);

        await bench.DeployAsync(2);

        Assert.False(Directory.Exists(bench.Trees["app", ".deploy", "trash"]));
    }

    [Fact]
    public async Task Only_one_process_changes_releases_at_a_time_and_it_is_told_which()
    {
        await bench.DeployAsync(1);
        string going = bench.Trees["going"], goOn = bench.Trees["go-on"];
        Task<DeployedRelease> second = bench.DeployAsync(2, pre: $"echo >'{going}'; while ! test -e '{goOn}'; do sleep 0.05; done");
        while (!File.Exists(going))
            await Task.WhenAny(second, Task.Delay(10, TreeBench.Token)).Unwrap();

        TreeException told = await Assert.ThrowsAsync<TreeException>(() => bench.DeployAsync(3));
        Task<DeployedRelease> third = bench.DeployAsync(3, waits: true);
        Assert.Equal(["1 Current"], bench.Listed()); // reading needs no lock
        File.WriteAllText(goOn, "");

        Assert.Equal(
            $"releases in '{bench.Target.Path}' are being changed by process {Environment.ProcessId} on {Environment.MachineName}, which deploys {(await second).Release}: wait for its end, with --wait", told.Message);
        await third;
        Assert.Equal(["3 Current", "2 Kept 1", "1 Kept 2"], bench.Listed());
    }

    [Fact]
    public async Task Whatever_is_done_in_whatever_order_what_is_in_service_is_whole_and_nothing_is_left_over()
    {
        Chance chance = Chance.Create();
        for (int round = 0; round < 4 * Chance.Effort; round++)
        {
            using var own = new DeployBench();
            Random random = chance.ForCase(round).Random;
            var order = new List<int>(); // the versions as they were in service, the model
            int? current = null;
            for (int step = 0; step < 15; step++)
            {
                int version = random.Next(1, 7), keep = random.Next(2, 5);
                switch (random.Next(5))
                {
                    case 0 when current is not null:
                        await Assert.ThrowsAsync<TreeException>(() => own.DeployAsync(version == current ? 7 + step : version, post: "false"));
                        break;
                    case 1 when current is not null && order.IndexOf(current.Value) is > 0 and var at:
                        await own.RollBackAsync();
                        current = order[at - 1];
                        break;
                    case 2 when current is not null && version != current:
                        await own.BreakOffAsync(version, afterwards: true);
                        Assert.Equal(version, own.Version());
                        await own.RollBackAsync();
                        break;
                    default:
                        if ((await own.DeployAsync(version, keep: keep)).IsUnchanged)
                            break;
                        order.RemoveAll(other => other == version || other == current);
                        order.AddRange(current is { } before && before != version ? [before, version] : [version]);
                        order.RemoveRange(0, Math.Max(0, order.Count - keep));
                        current = version;
                        Assert.Equal(order.Count + 2, own.Blobs.Length);
                        Assert.Equal(order.Count, own.Names.Length);
                        break;
                }

                Assert.True(current == own.Version(), $"step {step}: {chance.ForCase(round)}");
                if (current is not null)
                    Assert.Equal(order.AsEnumerable().Reverse().Select(one => $"{one}"), own.Listed().Select(listed => listed.Split(' ')[0]));
            }
        }
    }
}
