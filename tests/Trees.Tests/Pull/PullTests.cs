using System.Diagnostics;
using Google.Protobuf;
using RemoteExec.Cas;
using RemoteExec.Native;
using RemoteExec.Protocol;
using RemoteExec.Trees.Pull;
using RemoteExec.Trees.Stored;

namespace RemoteExec.Trees.Tests.Pull;

public sealed class PullTests
{
    [Fact]
    public async Task What_stays_the_same_is_not_fetched_and_not_even_written()
    {
        using var bench = new TreeBench();
        Directory.CreateDirectory(bench["from", "dir"]);
        File.WriteAllText(bench["from", "dir", "same"], "1");
        File.WriteAllText(bench["from", "changes"], "2");
        await bench.PullAsync(bench["to"], (await bench.PushAsync(bench["from"])).Root);
        ulong inode = FileStatus.Of(bench["to", "dir", "same"])!.Value.Inode;
        File.WriteAllText(bench["from", "changes"], "3");
        Digest root = (await bench.PushAsync(bench["from"])).Root;

        PulledTree pulled = await bench.PullAsync(bench["to"], root);

        Assert.Equal((1, 1, 1L), (pulled.KeptFiles, pulled.FetchedBlobs, pulled.FetchedBytes));
        Assert.Equal(inode, FileStatus.Of(bench["to", "dir", "same"])!.Value.Inode);
        FileStatus before = FileStatus.Of(bench["to"])!.Value;
        bench.Faults.Before = (_, _) => throw new IOException("nobody needs the server");
        Assert.True((await bench.PullAsync(bench["to"], root)).IsUnchanged);
        Assert.Equal(before, FileStatus.Of(bench["to"]));
    }

    [Fact]
    public async Task What_was_changed_here_is_told_and_not_lost()
    {
        using var bench = new TreeBench();
        Directory.CreateDirectory(bench["from"]);
        foreach (string name in new[] { "a", "b", "c" })
            File.WriteAllText(bench["from", name], name);
        await bench.PullAsync(bench["to"], (await bench.PushAsync(bench["from"])).Root);
        File.WriteAllText(bench["from", "a"], "newer");
        Digest root = (await bench.PushAsync(bench["from"])).Root;
        File.WriteAllText(bench["to", "b"], "mine");
        File.Delete(bench["to", "c"]);
        File.WriteAllText(bench["to", "d"], "also mine");
        string mine = RandomTree.Tell(bench["to"]);

        LocalChangesException exception = await Assert.ThrowsAsync<LocalChangesException>(() => bench.PullAsync(bench["to"], root));

        Assert.Equal(["b Changed", "c Removed", "d Added"], exception.Changes.Select(change => $"{change.Path} {change.Change}"));
        Assert.Equal($"'{bench["to"]}' was changed since it was pulled: 'b' (changed), 'c' (removed), 'd' (added); push it, or give that up with --force", exception.Message);
        Assert.Equal(mine, RandomTree.Tell(bench["to"]));
        await bench.PullAsync(bench["to"], root, force: true);
        Assert.Equal(RandomTree.Tell(bench["from"]), RandomTree.Tell(bench["to"]));
    }

    [Fact]
    public async Task What_somebody_has_put_there_that_is_in_no_tree_is_not_lost_either()
    {
        using var bench = new TreeBench();
        Directory.CreateDirectory(bench["from"]);
        File.WriteAllText(bench["from", "a"], "1");
        await bench.PullAsync(bench["to"], (await bench.PushAsync(bench["from"])).Root);
        using (Process pipe = Process.Start("mkfifo", [bench["to", "pipe"]]))
            await pipe.WaitForExitAsync(TreeBench.Token);

        LocalChangesException exception = await Assert.ThrowsAsync<LocalChangesException>(async () => await bench.PullAsync(bench["to"], (await bench.PushAsync(bench["from"])).Root));

        Assert.Equal(["pipe"], exception.Changes.Select(change => change.Path));
    }

    [Fact]
    public async Task A_directory_that_was_never_pulled_is_left_alone()
    {
        using var bench = new TreeBench();
        Directory.CreateDirectory(bench["from"]);
        Directory.CreateDirectory(bench["to"]);
        Directory.CreateDirectory(bench["empty"]);
        File.WriteAllText(bench["from", "a"], "1");
        File.WriteAllText(bench["to", "precious"], "1");
        Digest root = (await bench.PushAsync(bench["from"])).Root;

        LocalChangesException exception = await Assert.ThrowsAsync<LocalChangesException>(() => bench.PullAsync(bench["to"], root));
        await bench.PullAsync(bench["empty"], root);

        Assert.Equal($"'{bench["to"]}' is not empty, and it was not pulled: choose another directory, or replace all that is in it with --force", exception.Message);
        Assert.True(File.Exists(bench["to", "precious"]));
        Assert.Equal(RandomTree.Tell(bench["from"]), RandomTree.Tell(bench["empty"]));
    }

    [Fact]
    public async Task A_directory_that_happens_to_be_the_same_is_left_as_it_is()
    {
        using var bench = new TreeBench();
        RandomTree.Fill(bench["from"], Chance.Create().Random);

        Assert.True((await bench.PullAsync(bench["from"], (await bench.PushAsync(bench["from"])).Root)).IsUnchanged);
    }

    [Fact]
    public async Task One_that_is_broken_off_shows_nothing_and_the_next_one_goes_on()
    {
        using var bench = new TreeBench();
        Directory.CreateDirectory(bench["from", "dir"]);
        for (int i = 0; i < 300; i++)
            File.WriteAllText(bench["from", "dir", $"file{i}"], $"{i}");
        File.CreateSymbolicLink(bench["from", "dir", "link"], "a");
        Digest root = (await bench.PushAsync(bench["from"])).Root;
        File.WriteAllText(bench["from", "dir", "file0"], "changed");
        Digest other = (await bench.PushAsync(bench["from"])).Root;
        int reads = 0;
        bench.Faults.Before = (operation, _) => operation == StoreOperation.OpenRead && Interlocked.Increment(ref reads) > 100 ? throw new IOException("gone") : ValueTask.CompletedTask;
        await Assert.ThrowsAsync<IOException>(() => bench.PullAsync(bench["to"], root));
        bench.Faults.Before = null;
        Assert.False(Directory.Exists(bench["to"]));
        string oneThatIsThere = Directory.GetFiles(bench[".to.pull", "tree", "dir"], "file1*")[0];
        File.WriteAllText(oneThatIsThere, "damaged");
        File.WriteAllText(bench[".to.pull", "tree", "dir", "stranger"], "");

        PulledTree pulled = await bench.PullAsync(bench["to"], other);

        Assert.InRange(pulled.KeptFiles, 1, 98);
        Assert.Equal(300 - pulled.KeptFiles, pulled.FetchedBlobs);
        Assert.Equal(RandomTree.Tell(bench["from"]), RandomTree.Tell(bench["to"]));
        Assert.False(Directory.Exists(bench[".to.pull"]));
    }

    [Fact]
    public async Task What_the_server_sends_is_verified()
    {
        using var bench = new TreeBench();
        Directory.CreateDirectory(bench["from"]);
        File.WriteAllText(bench["from", "file"], "good");
        Digest root = (await bench.PushAsync(bench["from"])).Root;
        using TreePull pull = TreePull.Look(bench["to"], root, new LyingStore(bench.Cas, "good"u8.ToArray(), "evil"u8.ToArray()), null, new TreePullOptions { State = bench.State }, TimeProvider.System, TreeBench.Token);

        TreeException exception = await Assert.ThrowsAsync<TreeException>(() => pull.RunAsync(new TreeBench.Silence(), TreeBench.Token));

        Assert.StartsWith("'file' can't be pulled: the server sent something else than sha256:", exception.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(bench["to"]));
    }

    [Theory]
    [InlineData("..")]
    [InlineData("../evil")]
    [InlineData("/tmp/evil")]
    [InlineData("a/b")]
    [InlineData("")]
    public async Task Names_that_lead_elsewhere_are_refused(string name)
    {
        using var bench = new TreeBench();
        Digest file = await StoreAsync(bench, "evil"u8.ToArray());
        foreach (Reapi.Directory message in new[]
        {
            new Reapi.Directory { Files = { new Reapi.FileNode { Name = name, Digest = file.ToProto() } } },
            new Reapi.Directory { Symlinks = { new Reapi.SymlinkNode { Name = name, Target = "x" } } },
            new Reapi.Directory { Directories = { new Reapi.DirectoryNode { Name = name, Digest = file.SiblingOf([]).ToProto() } } },
        })
        {
            Digest root = await StoreAsync(bench, message.ToByteArray());

            await Assert.ThrowsAsync<TreeException>(() => bench.PullAsync(bench["to"], root));

            Assert.Empty(Directory.GetFileSystemEntries(bench["."]));
        }
    }

    [Fact]
    public async Task A_symlink_and_a_directory_of_one_name_are_refused()
    {
        using var bench = new TreeBench();
        Digest empty = await StoreAsync(bench, []);
        Digest root = await StoreAsync(bench, new Reapi.Directory
        {
            Symlinks = { new Reapi.SymlinkNode { Name = "a", Target = "/tmp" } },
            Directories = { new Reapi.DirectoryNode { Name = "a", Digest = empty.ToProto() } },
        }.ToByteArray());

        await Assert.ThrowsAsync<TreeException>(() => bench.PullAsync(bench["to"], root));
    }

    [Fact]
    public async Task A_few_directories_that_stand_for_countless_ones_are_refused()
    {
        using var bench = new TreeBench();
        Digest next = await StoreAsync(bench, []);
        for (int i = 0; i < 40; i++)
            next = await StoreAsync(bench, new Reapi.Directory { Directories = { NodeOf("a", next), NodeOf("b", next) } }.ToByteArray());

        TreeException exception = await Assert.ThrowsAsync<TreeException>(() => bench.PullAsync(bench["to"], next));

        Assert.Equal($"{next} has more than 20000000 files, directories and symlinks: take a part of it", exception.Message);
    }

    [Fact]
    public async Task A_tree_with_a_short_way_to_every_directory_and_a_long_one_is_refused()
    {
        using var bench = new TreeBench();
        Digest next = await StoreAsync(bench, []);
        var all = new Reapi.Directory();
        for (int i = 0; i < 1500; i++)
        {
            next = await StoreAsync(bench, new Reapi.Directory { Directories = { NodeOf("a", next) } }.ToByteArray());
            all.Directories.Add(NodeOf($"{i:D5}", next));
        }

        Digest root = await StoreAsync(bench, all.ToByteArray());

        Assert.Equal($"{root} is deeper than 1024 directories", (await Assert.ThrowsAsync<TreeException>(() => bench.PullAsync(bench["to"], root))).Message);
    }

    [Fact]
    public async Task A_file_that_the_server_lacks_is_told_by_its_path()
    {
        using var bench = new TreeBench();
        Digest missing = IncrementalHasher.Compute(default, DigestFunction.Sha256, "missing"u8);
        Digest root = await StoreAsync(bench, new Reapi.Directory { Files = { new Reapi.FileNode { Name = "file", Digest = missing.ToProto() } } }.ToByteArray());

        TreeException exception = await Assert.ThrowsAsync<TreeException>(() => bench.PullAsync(bench["to"], root));

        Assert.Equal($"'file' can't be pulled: the server lacks {missing}, a file of the tree: have it pushed again", exception.Message);
    }

    [Fact]
    public async Task Blobs_in_a_cache_are_not_fetched_again_and_damaged_ones_are()
    {
        using var bench = new TreeBench();
        Directory.CreateDirectory(bench["from"]);
        File.WriteAllText(bench["from", "a"], "1");
        File.WriteAllText(bench["from", "b"], "22");
        Digest root = (await bench.PushAsync(bench["from"])).Root;
        await bench.PullAsync(bench["first"], root, cache: bench["cache"]);

        PulledTree second = await bench.PullAsync(bench["second"], root, cache: bench["cache"]);
        string blob = Directory.GetFiles(bench["cache"], "*", SearchOption.AllDirectories).Single(path => new FileInfo(path).Length == 2);
        File.WriteAllText(blob, "xx");
        PulledTree third = await bench.PullAsync(bench["third"], root, cache: bench["cache"]);

        Assert.Equal(0, second.FetchedBlobs);
        Assert.Equal(1, third.FetchedBlobs);
        Assert.Equal("22", File.ReadAllText(bench["third", "b"]));
        File.WriteAllText(bench["second", "a"], "mine"); // a copy, and nobody else's
        Assert.Equal("1", File.ReadAllText(bench["first", "a"]));
    }

    [Fact]
    public async Task Links_to_a_cache_share_their_bytes_and_are_read_only()
    {
        using var bench = new TreeBench();
        Directory.CreateDirectory(bench["from"]);
        File.WriteAllText(bench["from", "a"], "1");
        File.WriteAllText(bench["from", "run"], "1");
        File.SetUnixFileMode(bench["from", "run"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Digest root = (await bench.PushAsync(bench["from"])).Root;

        await bench.PullAsync(bench["first"], root, cache: bench["cache"], links: true);
        await bench.PullAsync(bench["second"], root, cache: bench["cache"], links: true);

        Assert.Equal(FileStatus.Of(bench["first", "a"])!.Value.Inode, FileStatus.Of(bench["second", "a"])!.Value.Inode);
        Assert.Equal((0x124, 0x16D), (FileStatus.Of(bench["first", "a"])!.Value.Mode, FileStatus.Of(bench["first", "run"])!.Value.Mode));
        Assert.Equal(RandomTree.Tell(bench["from"]), RandomTree.Tell(bench["second"]));
        Assert.True((await bench.PullAsync(bench["second"], root)).IsUnchanged);

        // Without links from now on: nobody may write to what the cache has.
        File.WriteAllText(bench["from", "new"], "2");
        await bench.PullAsync(bench["second"], (await bench.PushAsync(bench["from"])).Root);
        Assert.NotEqual(FileStatus.Of(bench["first", "a"])!.Value.Inode, FileStatus.Of(bench["second", "a"])!.Value.Inode);
    }

    [Fact]
    public async Task Only_one_process_pulls_into_a_directory_at_a_time()
    {
        using var bench = new TreeBench();
        Directory.CreateDirectory(bench["from"]);
        File.WriteAllText(bench["from", "a"], "1");
        Digest root = (await bench.PushAsync(bench["from"])).Root;
        using Staging other = Staging.Open(bench["to"]);

        TreeException exception = await Assert.ThrowsAsync<TreeException>(() => bench.PullAsync(bench["to"], root));

        Assert.Equal($"'{bench["to"]}' is being pulled into by another process: wait for its end", exception.Message);
    }

    [Fact]
    public async Task What_is_changed_while_it_is_replaced_is_not_lost()
    {
        using var bench = new TreeBench();
        Directory.CreateDirectory(bench["from"]);
        File.WriteAllText(bench["from", "a"], "1");
        await bench.PullAsync(bench["to"], (await bench.PushAsync(bench["from"])).Root);
        File.WriteAllText(bench["from", "a"], "2");
        Digest root = (await bench.PushAsync(bench["from"])).Root;
        bench.Faults.Before = (operation, digest) =>
        {
            if (operation == StoreOperation.OpenRead && digest != root)
                File.WriteAllText(bench["to", "late"], "mine");
            return ValueTask.CompletedTask;
        };

        TreeException exception = await Assert.ThrowsAsync<TreeException>(() => bench.PullAsync(bench["to"], root));

        Assert.Equal($"'{bench["to"]}' was changed while it was being replaced: pull again", exception.Message);
        Assert.Equal("mine", File.ReadAllText(bench["to", "late"]));
    }

    [Fact]
    public async Task Whatever_somebody_has_put_there_is_replaced_if_that_is_forced()
    {
        using var bench = new TreeBench();
        Directory.CreateDirectory(bench["from"]);
        File.WriteAllText(bench["from", "a"], "1");
        Directory.CreateDirectory(bench["to", "closed", "deep"]);
        File.WriteAllText(bench["to", "closed", "deep", "file"], "");
        File.CreateSymbolicLink(bench["to", "link"], bench["from"]);
        using (Process odd = Process.Start("sh", ["-c", $"touch \"$(printf '{bench["to"]}/closed/odd\\377')\""]))
            await odd.WaitForExitAsync(TreeBench.Token);
        File.SetUnixFileMode(bench["to", "closed"], UnixFileMode.None);

        await bench.PullAsync(bench["to"], (await bench.PushAsync(bench["from"])).Root, force: true);

        Assert.Equal(RandomTree.Tell(bench["from"]), RandomTree.Tell(bench["to"]));
        Assert.False(Directory.Exists(bench[".to.pull"]));
    }

    [Fact]
    public async Task The_umask_and_the_mode_of_the_directory_count()
    {
        using var bench = new TreeBench();
        Directory.CreateDirectory(bench["from"]);
        File.WriteAllText(bench["from", "a"], "1");
        await bench.PullAsync(bench["to"], (await bench.PushAsync(bench["from"])).Root);
        File.SetUnixFileMode(bench["to"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.WriteAllText(bench["from", "a"], "2");
        File.WriteAllText(bench["plain"], "");

        await bench.PullAsync(bench["to"], (await bench.PushAsync(bench["from"])).Root);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(bench["to"]));
        Assert.Equal(File.GetUnixFileMode(bench["plain"]), File.GetUnixFileMode(bench["to", "a"]));
    }

    private static Reapi.DirectoryNode NodeOf(string name, Digest digest) => new() { Name = name, Digest = digest.ToProto() };

    private static async Task<Digest> StoreAsync(TreeBench bench, byte[] content)
    {
        Digest digest = IncrementalHasher.Compute(default, DigestFunction.Sha256, content);
        await bench.Cas.WriteAllAsync(digest, content, TreeBench.Token);
        return digest;
    }
}
