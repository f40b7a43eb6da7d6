using RemoteExec.Cas.Compression;
using Compressor = Build.Bazel.Remote.Execution.V2.Compressor.Types.Value;

namespace RemoteExec.Cas.Tests.Compression;

public sealed class ZstdFrameTests
{
    [Theory]
    [InlineData(new byte[] { 0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x00 }, 1024)]
    [InlineData(new byte[] { 0x28, 0xb5, 0x2f, 0xfd, 0x00, 13 << 3 }, 8 << 20)]
    [InlineData(new byte[] { 0x28, 0xb5, 0x2f, 0xfd, 0x00, (9 << 3) | 4 }, 768 << 10)]
    [InlineData(new byte[] { 0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xff }, 8 << 20)]
    [InlineData(new byte[] { 0x28, 0xb5, 0x2f, 0xfd, 0x20, 77 }, 77)]
    [InlineData(new byte[] { 0x28, 0xb5, 0x2f, 0xfd, 0x60, 1, 0 }, 257)]
    [InlineData(new byte[] { 0x28, 0xb5, 0x2f, 0xfd, 0xa1, 9, 0, 0, 1, 0 }, 65536)]
    [InlineData(new byte[] { 0x28, 0xb5, 0x2f, 0xfd, 0xa3, 9, 0, 0 }, 8 << 20)]
    [InlineData(new byte[] { 0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 0, 0, 1 }, 8 << 20)]
    [InlineData(new byte[] { 0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0 }, 8 << 20)]
    [InlineData(new byte[] { 0x28, 0xb5, 0x2f, 0xfd }, 8 << 20)]
    [InlineData(new byte[] { 1, 2, 3, 4, 5, 6, 7 }, 8 << 20)]
    public void The_beginning_of_a_frame_tells_its_window_or_the_most_is_assumed(byte[] start, int window) => Assert.Equal(window, ZstdFrame.WindowOf(start));

    [Fact]
    public async Task Memory_is_asked_for_before_each_frame()
    {
        byte[] frame = await BlobCompression.CompressAsync(Compressor.Zstd, new byte[100_000], TestContext.Current.CancellationToken);
        using var frames = new MemoryStream([.. frame, .. frame]);
        List<long> asked = [];
        await using Stream decoded = BlobCompression.Decode(Compressor.Zstd, frames, bytes =>
        {
            asked.Add(bytes);
            return ValueTask.CompletedTask;
        });

        using var content = new MemoryStream();
        await decoded.CopyToAsync(content, TestContext.Current.CancellationToken);

        Assert.Equal(200_000, content.Length);
        Assert.Equal(2, asked.Count);
        Assert.All(asked, bytes => Assert.InRange(bytes, 100_000, 2 << 20));
    }
}
