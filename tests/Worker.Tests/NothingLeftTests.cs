using System.Globalization;
using RemoteExec.Protocol;
using RemoteExec.Worker.Sandbox.Groups;

namespace RemoteExec.Worker.Tests;

/// <summary>Many actions, one after the other and side by side, leave nothing: no mount, group, process, descriptor or file.</summary>
public sealed class NothingLeftTests
{
    private const int SideBySide = 8;

    // Ten thousand in a run by hand; fewer in every run.
    private static readonly int actions = Environment.GetEnvironmentVariable("REMOTEEXEC_ACTIONS") is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : 400;

    [Theory]
    [InlineData("directory")]
    [InlineData("namespaces")]
    [InlineData("cached-trees")]
    public async Task Actions_in_a_row_leave_nothing(string tier)
    {
        Needs.ActionUsers();
        await using ActionFixture worker = await ActionFixture.MakeAsync(separateUsers: tier == "directory" ? true : null, tier: tier, isAlone: true);
        await RunAsync(worker, SideBySide); // starts what is kept
        string[] mounts = Mounts(worker);
        int descriptors = Descriptors();

        for (int done = 0; done < actions; done += SideBySide)
            await RunAsync(worker, SideBySide);

        Assert.Equal(mounts, Mounts(worker));
        Assert.InRange(Groups(worker), 0, SideBySide * Controller.Wanted.Count); // one for each launcher, and one launcher for each at a time
        Assert.InRange(Descriptors(), 0, descriptors + 30); // what other tests have open comes and goes
        await worker.Scratch.DisposeAsync();
        Assert.Empty(Directory.EnumerateFileSystemEntries(worker.Scratch.Actions));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(worker.Options.ScratchDirectory, "trash")));
    }

    private static Task RunAsync(ActionFixture worker, int count) => Task.WhenAll(Enumerable.Range(0, count).Select(async number =>
    {
        var command = new Reapi.Command { Arguments = { "/bin/sh", "-c", $"echo {number} > out; (setsid sleep 100 &); mkdir -p $TMPDIR/x; : > $TMPDIR/x/y" }, OutputPaths = { "out" } };
        Digest root = await worker.StoreAsync(new Reapi.Directory());
        var action = new Reapi.Action { CommandDigest = (await worker.StoreAsync(command)).ToProto(), InputRootDigest = root.ToProto() };
        ExecutionOutcome outcome = await worker.RunAsync(action);
        Assert.True(outcome.Response.Status is null, outcome.Response.Status?.Message);
        Assert.Single(outcome.Response.Result.OutputFiles);
    }));

    // Without the disks of tests that another process runs at the same time.
    private static string[] Mounts(ActionFixture worker) =>
        [.. File.ReadAllLines("/proc/self/mountinfo").Where(mount => !mount.Contains(TempDirectory.Prefix, StringComparison.Ordinal) || mount.Contains(worker.Scratch.Location, StringComparison.Ordinal))];

    private static int Descriptors() => Directory.GetFileSystemEntries("/proc/self/fd").Length;

    private static int Groups(ActionFixture worker) => Controller.Find("/")
        .SelectMany(controller => Directory.EnumerateDirectories(controller.Directory, ControlGroups.NameFor(worker.Scratch.Location)))
        .Sum(group => Directory.GetDirectories(group).Length);
}
