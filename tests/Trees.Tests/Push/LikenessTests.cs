using Microsoft.Win32.SafeHandles;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Trees.Push;

namespace RemoteExec.Trees.Tests.Push;

public sealed class LikenessTests
{
    private const int Bytes = 40_000_000;

    [Theory]
    [InlineData(0, 0, Bytes / 100, true)] // a little of it is another
    [InlineData(5_000_000, 0, 0, true)] // there is more at the start
    [InlineData(0, 5_000_000, 0, true)] // there is less
    [InlineData(0, 0, Bytes - 100_000, false)] // nearly all is another
    [InlineData(20_000_000, 0, 0, false)] // it has moved too far to be looked for
    public async Task It_is_found_where_little_was_changed(int more, int less, int changed, bool isFound)
    {
        using var bench = new TreeBench();
        byte[] before = new byte[Bytes], added = new byte[more];
        new Random(1).NextBytes(before);
        new Random(2).NextBytes(added);
        Digest earlier = IncrementalHasher.Compute(default, DigestFunction.Sha256, before);
        await bench.Cas.WriteAllAsync(earlier, before, TreeBench.Token);
        byte[] now = [.. added, .. before.AsSpan(less)];
        new Random(3).NextBytes(now.AsSpan(50_000, changed));
        Directory.CreateDirectory(bench["from"]);
        File.WriteAllBytes(bench["from", "file"], now);
        using SafeFileHandle file = File.OpenHandle(bench["from", "file"]);

        Assert.Equal(isFound, await Likeness.IsFoundAsync(bench.Cas, earlier, file, TreeBench.Token));
    }

    [Fact]
    public async Task What_has_left_is_like_nothing()
    {
        using var bench = new TreeBench();
        Directory.CreateDirectory(bench["from"]);
        File.WriteAllBytes(bench["from", "file"], new byte[100_000]);
        using SafeFileHandle file = File.OpenHandle(bench["from", "file"]);

        Assert.False(await Likeness.IsFoundAsync(bench.Cas, TestBlob.Random(1, 100_000).Digest, file, TreeBench.Token));
    }
}
