using RemoteExec.Native;
using RemoteExec.Protocol;
using RemoteExec.Trees.Deploy;
using RemoteExec.Trees.Pull;

namespace RemoteExec.Trees.Tests.Deploy;

public sealed class DeploymentTests : IDisposable
{
    private readonly DeployBench bench = new();

    public void Dispose() => bench.Dispose();

    [Fact]
    public async Task Current_leads_to_the_latest_release_and_what_is_the_same_in_two_is_there_once()
    {
        DeployedRelease first = await bench.DeployAsync(1);
        DeployedRelease second = await bench.DeployAsync(2);

        Assert.Equal(2, bench.Version());
        Assert.Equal($"releases/{second.Release.Name}", FileStatus.TargetOf(bench.Trees["app", "current"]));
        Assert.Equal((first.Release, second.Path), (second.Before, bench.Target.PathOf(second.Release.Name)));
        Assert.Equal((3, 1), (first.Pulled.FetchedBlobs, second.Pulled.FetchedBlobs)); // two files of a release are one blob
        foreach (string file in new[] { "lib/same", "lib/copy", "run" })
            Assert.Equal(DeployBench.InodeOf($"{first.Path}/{file}"), DeployBench.InodeOf($"{second.Path}/{file}"));
        Assert.NotEqual(DeployBench.InodeOf($"{first.Path}/version"), DeployBench.InodeOf($"{second.Path}/version"));
        Assert.Equal(["2 Current", "1 Kept 1"], bench.Listed());
    }

    [Fact]
    public async Task What_is_in_service_already_needs_no_server_and_runs_no_hook()
    {
        await bench.DeployAsync(1);
        bench.Trees.Faults.Before = (_, _) => throw new IOException("nobody needs the server");

        DeployedRelease again = await bench.DeployAsync(1, pre: "false", post: "false");

        Assert.True(again.IsUnchanged);
        Assert.Equal(["1 Current"], bench.Listed());
    }

    [Fact]
    public async Task Only_the_latest_releases_are_kept_and_blobs_that_none_of_them_has_go()
    {
        for (int version = 1; version <= 6; version++)
            await bench.DeployAsync(version, keep: 3);

        Assert.Equal(["6 Current", "5 Kept 1", "4 Kept 2"], bench.Listed());
        Assert.Equal(3, bench.Names.Length);
        Assert.Equal(5, bench.Blobs.Length); // three of versions, one that is the same in all, and one to be executed
        int state = Directory.GetFiles(bench.Trees["app", ".deploy", "trees"]).Length;
        DeployedRelease last = await bench.DeployAsync(7, keep: 1);

        Assert.Equal(["7 Current", "6 Kept 1"], bench.Listed()); // the one before always stays
        Assert.Equal(2, last.Deleted.Count);
        Assert.Equal(4, bench.Blobs.Length);
        Assert.InRange(Directory.GetFiles(bench.Trees["app", ".deploy", "trees"]).Length, 1, state - 1);
    }

    [Fact]
    public async Task A_fetch_that_is_broken_off_changes_nothing_and_is_gone_on_with()
    {
        await bench.DeployAsync(1);
        string source = bench.Trees["version2", "many"];
        Directory.CreateDirectory(source);
        for (int i = 0; i < 200; i++)
            File.WriteAllText(Path.Combine(source, $"file{i}"), $"file {i}");
        await bench.PushAsync(2);
        int reads = 0;
        bench.Trees.Faults.Before = (operation, _) => operation == StoreOperation.OpenRead && Interlocked.Increment(ref reads) > 100 ? throw new IOException("gone") : ValueTask.CompletedTask;

        await Assert.ThrowsAsync<IOException>(() => bench.DeployAsync(2));

        Assert.Equal(1, bench.Version());
        Assert.Equal(["1 Current"], bench.Listed());
        bench.Trees.Faults.Before = null;
        DeployedRelease second = await bench.DeployAsync(2);
        Assert.Equal(2, bench.Version());
        Assert.InRange(second.Pulled.FetchedBlobs, 1, 190);
        Assert.Equal(204, bench.Blobs.Length); // 200 of this one, two versions, and two that are the same in both
    }

    [Fact]
    public async Task What_a_fetch_has_left_goes_when_something_else_is_deployed()
    {
        await bench.DeployAsync(1);
        int reads = 0;
        bench.Trees.Faults.Before = (operation, _) => operation == StoreOperation.OpenRead && Interlocked.Increment(ref reads) > 2 ? throw new IOException("gone") : ValueTask.CompletedTask;
        await Assert.ThrowsAsync<IOException>(() => bench.DeployAsync(2));
        bench.Trees.Faults.Before = null;

        await bench.DeployAsync(3);

        Assert.Equal(2, bench.Names.Length);
        Assert.Equal(4, bench.Blobs.Length);
    }

    [Fact]
    public async Task Releases_of_two_digest_functions_live_side_by_side()
    {
        await bench.DeployAsync(1);
        Digest other = (await bench.Trees.PushAsync(bench.Trees["version1"], function: DigestFunction.Blake3)).Root;
        var options = new DeployOptions { Progress = (_, work) => work(new TreeBench.Silence()) };

        DeployedRelease second = await new Deployment(bench.Target, bench.Trees.Cas, null, options, TimeProvider.System).RunAsync(new Release(other, null, null, default), TreeBench.Token);

        Assert.Equal(RandomTree.Tell(bench.Trees["version1"]), RandomTree.Tell(second.Path));
        await bench.RollBackAsync(verify: true);
        Assert.Equal(1, bench.Version());
    }

    [Fact]
    public async Task What_somebody_else_has_put_there_is_not_touched()
    {
        Directory.CreateDirectory(bench.Trees["app", "current"]);

        TreeException refusal = await Assert.ThrowsAsync<TreeException>(() => bench.DeployAsync(1));

        Assert.Equal($"'{bench.Trees["app", "current"]}' is not of a deployment: name another directory, or move it away", refusal.Message);
        Directory.Delete(bench.Trees["app", "current"]);
        await bench.DeployAsync(1);
        Directory.CreateDirectory(bench.Trees["app", "releases", "20260101"]);
        File.WriteAllText(bench.Trees["app", "releases", "notes"], "mine");
        for (int version = 2; version < 5; version++)
            await bench.DeployAsync(version, keep: 2);
        Assert.Equal(4, bench.Names.Length);
        Assert.Contains("20260101", bench.Names);
        Assert.Contains("notes", bench.Names);
    }

    [Fact]
    public async Task A_release_in_which_somebody_has_changed_a_file_is_told_and_put_right_if_that_is_wanted()
    {
        DeployedRelease first = await bench.DeployAsync(1);
        await bench.DeployAsync(2);
        Damage($"{first.Path}/version");

        LocalChangesException told = await Assert.ThrowsAsync<LocalChangesException>(() => bench.DeployAsync(1));

        Assert.Equal(["version"], told.Changes.Select(change => change.Path));
        Assert.Equal(2, bench.Version());
        await bench.DeployAsync(1, force: true);
        Assert.Equal(1, bench.Version());
    }

    [Fact]
    public async Task What_programs_write_beside_the_files_of_a_release_harms_nothing()
    {
        DeployedRelease first = await bench.DeployAsync(1);
        await bench.DeployAsync(2);
        File.WriteAllText($"{first.Path}/lib/cache.pyc", "made by a program");

        await bench.RollBackAsync(verify: true);
        await bench.DeployAsync(2);
        DeployedRelease again = await bench.DeployAsync(1);

        Assert.Equal(0, again.Pulled.FetchedBlobs);
        Assert.Equal("made by a program", File.ReadAllText(bench.Current("lib", "cache.pyc")));
    }

    [Fact]
    public async Task A_damaged_blob_gets_into_no_further_release()
    {
        DeployedRelease first = await bench.DeployAsync(1);
        Damage($"{first.Path}/lib/same");

        DeployedRelease second = await bench.DeployAsync(2);

        Assert.Equal(2, bench.Version());
        Assert.Equal(2, second.Pulled.FetchedBlobs);
        TreeException told = await Assert.ThrowsAsync<TreeException>(() => bench.RollBackAsync(verify: true));
        Assert.Equal(
            $"'{first.Path}' was changed since it was pulled: 'lib/copy' (changed), 'lib/same' (changed): put it right with 'remoteexec deploy {first.Release.Root.ToArgument()} {bench.Target.Path} --force', or go back to it as it is, without --verify",
            told.Message);
        Assert.Equal(2, bench.Version());
    }

    [Fact]
    public async Task A_record_that_is_damaged_is_told_and_what_is_in_service_stays()
    {
        DeployedRelease first = await bench.DeployAsync(1);
        string record = bench.Trees["app", ".deploy", "releases.json"];
        File.WriteAllText(record, "{ \"version\": 1, \"releases\": [ { } ] }");

        TreeException told = await Assert.ThrowsAsync<TreeException>(() => bench.DeployAsync(2));

        Assert.StartsWith($"'{record}' is damaged: move it away", told.Message, StringComparison.Ordinal);
        File.WriteAllText(record, "{ \"version\": 7, \"releases\": [] }");
        Assert.EndsWith("was written by a later version of the program: use that one", (await Assert.ThrowsAsync<TreeException>(() => bench.DeployAsync(2))).Message, StringComparison.Ordinal);
        File.Delete(record);
        await Assert.ThrowsAsync<TreeException>(() => bench.DeployAsync(2, post: "false"));
        Assert.Equal($"releases/{first.Release.Name}", FileStatus.TargetOf(bench.Trees["app", "current"]));
    }

    // Who may write to anything may write to files that are read-only, too.
    private static void Damage(string path)
    {
        UnixFileMode mode = File.GetUnixFileMode(path);
        File.SetUnixFileMode(path, mode | UnixFileMode.UserWrite);
        File.WriteAllText(path, "damaged");
        File.SetUnixFileMode(path, mode);
    }
}
