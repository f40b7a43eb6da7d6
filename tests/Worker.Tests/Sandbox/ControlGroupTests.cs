using System.Diagnostics;
using RemoteExec.Worker.Sandbox.Groups;

namespace RemoteExec.Worker.Tests.Sandbox;

/// <summary>The control groups of a worker, of whichever version this machine has.</summary>
[Trait("Needs", "control groups")]
public sealed class ControlGroupTests : IDisposable
{
    private readonly TempDirectory scratch = new(); // the groups are named for it

    public void Dispose() => scratch.Dispose();

    [Fact]
    public async Task What_an_earlier_worker_left_running_in_its_groups_is_ended_and_they_are_removed()
    {
        ControlGroups earlier = await OpenAsync();
        SlotGroup slot = earlier.Make();
        string[] left = [.. earlier.OwnDirectories];
        using Process process = Process.Start("sleep", "987654");
        slot.Add(process.Id);

        ControlGroups next = await OpenAsync();

        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(128 + 9, process.ExitCode);
        Assert.All(left, group => Assert.Empty(Directory.GetDirectories(group)));
        await next.DisposeAsync();
        Assert.All(left, group => Assert.False(Directory.Exists(group)));
    }

    [Fact]
    public async Task A_worker_that_starts_again_in_the_same_process_has_its_groups_in_the_same_place()
    {
        ControlGroups first = await OpenAsync();
        string[] places = [.. first.OwnDirectories];
        await first.DisposeAsync();

        ControlGroups second = await OpenAsync();

        Assert.Equal(places, second.OwnDirectories);
        await second.DisposeAsync();
    }

    [Fact]
    public async Task A_group_without_limits_has_none_and_tells_of_no_kills()
    {
        await using ControlGroups groups = await OpenAsync();
        await using SlotGroup slot = groups.Make();

        slot.SetLimits(new(1 << 30, 2000, 10));
        slot.SetLimits(default);

        Assert.Equal(0, slot.CountMemoryKills());
        Controller pids = groups.Controllers.Single(controller => controller.Name == "pids");
        string own = groups.OwnDirectories.Single(directory => Path.GetDirectoryName(directory) == pids.Directory);
        Assert.Equal("max\n", await File.ReadAllTextAsync(Path.Combine(own, "1", "pids.max"), TestContext.Current.CancellationToken));
    }

    private async Task<ControlGroups> OpenAsync()
    {
        (ControlGroups? groups, IReadOnlyList<string> problems) = await ControlGroups.OpenAsync("/", scratch.Path);
        Needs.Groups(problems);
        return groups!;
    }
}
