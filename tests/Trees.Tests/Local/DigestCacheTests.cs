using RemoteExec.Native;
using RemoteExec.Protocol;
using RemoteExec.Trees.Local;

namespace RemoteExec.Trees.Tests.Local;

public sealed class DigestCacheTests
{
    private static readonly DateTimeOffset later = TimeProvider.System.GetUtcNow() + TimeSpan.FromDays(1);

    [Fact]
    public void A_file_is_known_until_anything_of_it_changes()
    {
        using var directory = new TemporaryDirectory();
        LocalTree tree = Hash(directory, "a", "b", "c");
        DigestCache.Save(directory["cache"], DigestFunction.Sha256, tree.Files, later);

        DigestCache cache = DigestCache.Load(directory["cache"], DigestFunction.Sha256);

        Assert.Equal(3, cache.Count);
        Assert.All(tree.Files, file => Assert.Equal(file.Digest, cache.Find(file.Status, default)));
        FileStatus status = tree.Files.First().Status;
        foreach (FileStatus other in new[]
        {
            status with { Length = 2 }, status with { Inode = status.Inode + 1_000_000 }, status with { Device = 1 }, status with { ModifiedNanoseconds = 1 },
            status with { ModifiedSeconds = 1 }, status with { ChangedNanoseconds = 1 }, status with { ChangedSeconds = 1 },
        })
            Assert.Null(cache.Find(other, default));
    }

    [Fact]
    public void A_file_that_was_just_changed_is_not_learned()
    {
        using var directory = new TemporaryDirectory();
        LocalTree tree = Hash(directory, "a", "b");
        LocalFile newer = tree.Files.Last();
        newer.Status = newer.Status with { ChangedSeconds = newer.Status.ChangedSeconds + 10 };

        DigestCache.Save(directory["cache"], DigestFunction.Sha256, tree.Files, DateTimeOffset.FromUnixTimeSeconds(newer.Status.ChangedSeconds));

        Assert.Equal(1, DigestCache.Load(directory["cache"], DigestFunction.Sha256).Count);
    }

    [Fact]
    public void A_damaged_file_counts_for_nothing()
    {
        using var directory = new TemporaryDirectory();
        DigestCache.Save(directory["cache"], DigestFunction.Sha256, Hash(directory, "a", "b").Files, later);
        byte[] good = File.ReadAllBytes(directory["cache"]);
        for (int length = 0; length < good.Length; length++)
        {
            File.WriteAllBytes(directory["cache"], good[..length]);
            Assert.Equal(0, DigestCache.Load(directory["cache"], DigestFunction.Sha256).Count);
        }

        for (int position = 0; position < good.Length; position++)
        {
            byte[] damaged = [.. good];
            damaged[position] ^= 1;
            File.WriteAllBytes(directory["cache"], damaged);
            Assert.Equal(0, DigestCache.Load(directory["cache"], DigestFunction.Sha256).Count);
        }

        File.WriteAllBytes(directory["cache"], good);
        Assert.Equal(0, DigestCache.Load(directory["cache"], DigestFunction.Blake3).Count);
        Assert.Equal(2, DigestCache.Load(directory["cache"], DigestFunction.Sha256).Count);
    }

    [Fact]
    public async Task A_change_that_keeps_length_and_time_of_modification_is_found_out()
    {
        using var bench = new TreeBench();
        Directory.CreateDirectory(bench["from"]);
        File.WriteAllText(bench["from", "a"], "before");
        DateTime time = new(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        File.SetLastWriteTimeUtc(bench["from", "a"], time);
        Digest before = (await bench.PushAsync(bench["from"])).Root;
        File.WriteAllText(bench["from", "a"], "after!");
        File.SetLastWriteTimeUtc(bench["from", "a"], time);

        Assert.NotEqual(before, (await bench.PushAsync(bench["from"])).Root);
    }

    private static LocalTree Hash(TemporaryDirectory directory, params string[] names)
    {
        Directory.CreateDirectory(directory["tree"]);
        foreach (string name in names)
            File.WriteAllText(directory["tree", name], name);
        LocalTree tree = TreeScan.Run(directory["tree"], ScanOptions.Everything, TestContext.Current.CancellationToken);
        new TreeHasher(default, DigestFunction.Sha256, null, TimeProvider.System).Hash(tree, TestContext.Current.CancellationToken);
        return tree;
    }
}
