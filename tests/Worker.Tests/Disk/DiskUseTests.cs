using System.Diagnostics;
using RemoteExec.Native;

namespace RemoteExec.Worker.Tests.Disk;

/// <summary>What a directory takes of the disk, whatever is in it.</summary>
public sealed class DiskUseTests : IDisposable
{
    private const int Block = 4096;
    private readonly TempDirectory temp = new();

    public void Dispose() => temp.Dispose();

    [Fact]
    public void Blocks_count_and_not_lengths()
    {
        long before = DiskUse.Of(temp.Path, null, null);
        File.WriteAllBytes($"{temp.Path}/short", [1]);
        File.WriteAllBytes($"{temp.Path}/long", new byte[100 * Block]);
        using (FileStream sparse = File.Create($"{temp.Path}/sparse"))
            sparse.SetLength(1L << 40);

        Assert.Equal(101 * Block, DiskUse.Of(temp.Path, null, null) - before);
    }

    [Fact]
    public void An_inode_with_several_names_counts_once_or_not_at_all_if_it_is_somebody_elses()
    {
        Needs.ActionUsers();
        const uint Somebody = 60599;
        File.WriteAllBytes($"{temp.Path}/file", new byte[10 * Block]);
        Link("file", "again");
        File.WriteAllBytes($"{temp.Path}/alone", new byte[3 * Block]);

        Assert.Equal(13 * Block, DiskUse.Of(temp.Path, null, null));
        Assert.Equal(3 * Block, DiskUse.Of(temp.Path, null, Somebody));

        Assert.Equal(0, Libc.LChOwn($"{temp.Path}/file", Somebody, Somebody));
        Assert.Equal(13 * Block, DiskUse.Of(temp.Path, null, Somebody));
    }

    [Fact]
    public async Task Names_that_are_no_UTF_8_deep_directories_and_symlinks_are_no_way_out()
    {
        long before = DiskUse.Of(temp.Path, "left-out", null);
        using Process shell = Process.Start("/bin/bash", ["-c", $"""
            cd {temp.Path}
            mkdir -p left-out $'\xff'/a; head -c 40960 /dev/zero > left-out/file; head -c 40960 /dev/zero > $'\xff'/a/$'\xfe'
            ln -s /usr link
            for i in $(seq 1 300); do mkdir deeper-and-deeper && cd deeper-and-deeper; done; head -c 40960 /dev/zero > file
            """])!;
        await shell.WaitForExitAsync(TestContext.Current.CancellationToken);

        long directories = (302 + 1) * Block; // the one that is left out itself is not
        Assert.InRange(DiskUse.Of(temp.Path, "left-out", null) - before, 20 * Block, (20 * Block) + directories);
        using Process rm = Process.Start("rm", ["-rf", "--", $"{temp.Path}/deeper-and-deeper", $"{temp.Path}/link"])!;
        await rm.WaitForExitAsync(TestContext.Current.CancellationToken);
        using Process rest = Process.Start("/bin/bash", ["-c", $"rm -rf {temp.Path}/*"])!;
        await rest.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public void What_is_not_there_takes_nothing() => Assert.Equal(0, DiskUse.Of($"{temp.Path}/nothing", null, null));

    private void Link(string from, string to) => Assert.Equal(0, Libc.LinkAt(Libc.AT_FDCWD, $"{temp.Path}/{from}", Libc.AT_FDCWD, $"{temp.Path}/{to}", 0));
}
