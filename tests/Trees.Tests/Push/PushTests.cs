using System.Diagnostics;
using RemoteExec.Native;
using RemoteExec.Protocol;
using RemoteExec.Trees.Local;
using RemoteExec.Trees.Push;

namespace RemoteExec.Trees.Tests.Push;

public sealed class PushTests
{
    [Fact]
    public async Task The_messages_are_those_that_any_client_makes()
    {
        using var bench = new TreeBench();
        Directory.CreateDirectory(bench["from", "dir", "empty"]);
        File.WriteAllText(bench["from", "dir", "\ue000"], "1");
        File.WriteAllText(bench["from", "dir", "😀"], "2");
        File.WriteAllText(bench["from", "run"], "#!");
        File.SetUnixFileMode(bench["from", "run"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
        File.WriteAllText(bench["from", "nothing"], "");
        File.CreateSymbolicLink(bench["from", "link"], "/ü");

        PushedTree pushed = await bench.PushAsync(bench["from"]);

        var tree = new MerkleTreeBuilder(default, DigestFunction.Sha256);
        tree.AddDirectory("dir/empty");
        tree.AddFile("dir/\ue000", DigestOf("1"), false);
        tree.AddFile("dir/😀", DigestOf("2"), false);
        tree.AddFile("run", DigestOf("#!"), true);
        tree.AddFile("nothing", DigestOf(""), false);
        tree.AddSymlink("link", "/ü");
        Assert.Equal(tree.Build().RootDigest, pushed.Root);
        Assert.Equal((4, 3, 1, 4L), (pushed.Files, pushed.Directories, pushed.Symlinks, pushed.Bytes));
    }

    [Fact]
    public async Task What_was_sent_before_it_was_broken_off_is_not_sent_again()
    {
        using var bench = new TreeBench();
        Directory.CreateDirectory(bench["from"]);
        for (int i = 0; i < 300; i++)
            File.WriteAllText(bench["from", $"file{i}"], $"{i}");
        int commits = 0;
        bench.Faults.Before = (operation, _) => operation == StoreOperation.Commit && Interlocked.Increment(ref commits) > 100 ? throw new IOException("gone") : ValueTask.CompletedTask;
        await Assert.ThrowsAsync<IOException>(() => bench.PushAsync(bench["from"]));
        bench.Faults.Before = null;

        PushedTree pushed = await bench.PushAsync(bench["from"]);

        Assert.Equal((201, 0), (pushed.MissingBlobs, pushed.HashedFiles == 300 ? 0 : pushed.HashedFiles)); // the files are too new to be known by their times
        Assert.Empty(await bench.Cas.FindMissingAsync([pushed.Root], TreeBench.Token));
    }

    [Fact]
    public async Task A_tree_is_there_only_when_all_of_it_is()
    {
        using var bench = new TreeBench();
        RandomTree.Fill(bench["from"], Chance.Create().Random);
        File.WriteAllText(bench["from", "file"], "1");
        Digest root = (await bench.PushAsync(bench["from"])).Root;
        using var other = new TreeBench();
        Digest last = default;
        other.Faults.Before = (operation, digest) =>
        {
            last = operation == StoreOperation.OpenWrite ? digest!.Value : last;
            return ValueTask.CompletedTask;
        };

        await other.PushAsync(bench["from"]);

        Assert.Equal(root, last);
    }

    [Fact]
    public async Task A_file_that_is_changed_while_it_is_pushed_is_told_and_nothing_wrong_is_stored()
    {
        using var bench = new TreeBench();
        Directory.CreateDirectory(bench["from"]);
        File.WriteAllText(bench["from", "file"], "before");
        TreePush push = await bench.ScanAsync(bench["from"]);
        push.Hash(new TreeBench.Silence(), TreeBench.Token);
        await push.FindMissingAsync(TreeBench.Token);
        File.WriteAllText(bench["from", "file"], "after!");

        TreeException exception = await Assert.ThrowsAsync<TreeException>(() => push.UploadAsync(new TreeBench.Silence(), TreeBench.Token));

        Assert.Equal("'file' was changed while it was pushed; push again", exception.Message);
    }

    [Fact]
    public async Task A_file_that_vanishes_while_it_is_pushed_is_told()
    {
        using var bench = new TreeBench();
        Directory.CreateDirectory(bench["from"]);
        File.WriteAllText(bench["from", "file"], "before");
        TreePush push = await bench.ScanAsync(bench["from"]);
        push.Hash(new TreeBench.Silence(), TreeBench.Token);
        await push.FindMissingAsync(TreeBench.Token);
        File.Delete(bench["from", "file"]);

        TreeException exception = await Assert.ThrowsAsync<TreeException>(() => push.UploadAsync(new TreeBench.Silence(), TreeBench.Token));

        Assert.Equal("'file' was changed while it was pushed; push again", exception.Message);
    }

    [Fact]
    public async Task A_file_that_is_changed_between_scan_and_hash_is_pushed_as_it_is_then()
    {
        using var bench = new TreeBench();
        Directory.CreateDirectory(bench["from"]);
        File.WriteAllText(bench["from", "file"], "before");
        TreePush push = await bench.ScanAsync(bench["from"]);
        File.WriteAllText(bench["from", "file"], "longer than before");

        PushedTree pushed = await push.RunAsync(new TreeBench.Silence(), TreeBench.Token);

        await bench.PullAsync(bench["to"], pushed.Root);
        Assert.Equal("longer than before", File.ReadAllText(bench["to", "file"]));
    }

    [Fact]
    public async Task What_can_be_in_no_tree_is_refused_by_name_or_left_out()
    {
        using var bench = new TreeBench();
        Directory.CreateDirectory(bench["from", "dir"]);
        using (Process pipe = Process.Start("mkfifo", [bench["from", "dir", "pipe"]]))
            await pipe.WaitForExitAsync(TreeBench.Token);
        using (Process odd = Process.Start("sh", ["-c", $"touch \"$(printf '{bench["from"]}/odd\\377')\""]))
            await odd.WaitForExitAsync(TreeBench.Token);

        TreeException exception = await Assert.ThrowsAsync<TreeException>(() => bench.PushAsync(bench["from"], new ScanOptions { Exclude = ["odd*"] }));
        PushedTree pushed = await bench.PushAsync(bench["from"], new ScanOptions { SkipsSpecial = true });

        Assert.Equal("'dir/pipe' can't be in a tree: it is no file, directory or symlink; leave such out with --skip-special, or this one with --exclude", exception.Message);
        Assert.Equal(["dir/pipe", "odd\ufffd"], pushed.Skipped);
        Assert.Equal(0, pushed.Files);
        TreeRemoval.Remove(bench["from"]); // what no method of the framework can
    }

    [Fact]
    public async Task A_directory_that_is_not_there_is_told()
    {
        using var bench = new TreeBench();
        File.WriteAllText(bench["file"], "");

        Assert.Equal($"there is no directory '{bench["nowhere"]}'", (await Assert.ThrowsAsync<TreeException>(() => bench.PushAsync(bench["nowhere"]))).Message);
        Assert.Equal($"'{bench["file"]}' is no directory", (await Assert.ThrowsAsync<TreeException>(() => bench.PushAsync(bench["file"]))).Message);
    }

    [Fact]
    public async Task Ignore_files_are_read()
    {
        using var bench = new TreeBench();
        Directory.CreateDirectory(bench["from", "build", "x"]);
        Directory.CreateDirectory(bench["from", "src", ".git"]);
        File.WriteAllText(bench["from", ScanOptions.IgnoreFile], "/build\n*.log\n");
        File.WriteAllText(bench["from", "src", ScanOptions.IgnoreFile], "!kept.log\n");
        File.WriteAllText(bench["from", ".gitignore"], "*.o\n");
        foreach (string name in new[] { "a.c", "a.o", "a.log", "kept.log", "secret" })
            File.WriteAllText(bench["from", "src", name], name);

        await bench.PullAsync(bench["to"], (await bench.PushAsync(bench["from"], new ScanOptions { ReadsGitIgnore = true, Exclude = ["secret"] })).Root);

        Assert.Equal(["a.c", "kept.log"], Directory.GetFiles(bench["to", "src"]).Select(path => Path.GetFileName(path)!).Where(name => name[0] != '.').Order());
        Assert.Empty(Directory.GetDirectories(bench["to", "src"]));
        Assert.Equal([bench["to", "src"]], Directory.GetDirectories(bench["to"]));
    }

    private static Digest DigestOf(string content) => IncrementalHasher.Compute(default, DigestFunction.Sha256, System.Text.Encoding.UTF8.GetBytes(content));
}
