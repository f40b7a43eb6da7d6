using Google.Bytestream;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.TestKit;

namespace RemoteExec.Conformance.Tests.ByteStream;

public sealed class ReadTests
{
    private const int MiB = 1024 * 1024;

    [Theory]
    [Rule("RES-01")]
    [Rule("BSR-08")]
    [InlineData(1)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(16_383)]
    [InlineData(16_384)]
    [InlineData(MiB - 16)]
    [InlineData(MiB - 15)]
    [InlineData(MiB)]
    [InlineData((5 * MiB) + 1)]
    public async Task A_blob_is_read_in_messages_that_every_client_takes(int length)
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = await server.AddAsync(TestBlob.Random(1, length));

        List<ReadResponse> messages = await server.ReadMessagesAsync(new ReadRequest { ResourceName = ResourceName.FormatRead(blob.Digest) });

        Assert.Equal(blob.Content, (byte[])[.. messages.SelectMany(message => message.Data)]);
        Assert.All(messages, message => Assert.InRange(message.CalculateSize(), 1, MiB));
        Assert.Equal((length + MiB - 17) / (MiB - 16), messages.Count);
    }

    [Fact]
    [Rule("BSR-01")]
    [Rule("Q-04")]
    public async Task An_absent_blob_is_NOT_FOUND()
    {
        await using CasServer server = await CasServer.StartAsync();

        await CasServer.AssertRefusedAsync(StatusCode.NotFound, server.ReadAsync(ResourceName.FormatRead(TestBlob.Random(2, 100).Digest)));
    }

    [Theory]
    [Rule("BSR-02")]
    [Rule("Q-08")]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(MiB)]
    [InlineData((3 * MiB) - 1)]
    [InlineData(3 * MiB)]
    public async Task A_read_begins_at_its_offset(int offset)
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = await server.AddAsync(TestBlob.Random(3, 3 * MiB));

        Assert.Equal(blob.Content[offset..], await server.ReadAsync(ResourceName.FormatRead(blob.Digest), offset));
    }

    [Theory]
    [Rule("BSR-02")]
    [InlineData(-1)]
    [InlineData(101)]
    [InlineData(long.MaxValue)]
    [InlineData(long.MinValue)]
    public async Task An_offset_outside_the_blob_is_OUT_OF_RANGE(long offset)
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = await server.AddAsync(TestBlob.Random(4, 100));

        await CasServer.AssertRefusedAsync(StatusCode.OutOfRange, server.ReadAsync(ResourceName.FormatRead(blob.Digest), offset));
    }

    [Theory]
    [Rule("BSR-03")]
    [InlineData(0, 0, 300)]
    [InlineData(0, 1, 1)]
    [InlineData(0, 300, 300)]
    [InlineData(0, 301, 300)]
    [InlineData(0, long.MaxValue, 300)]
    [InlineData(250, 20, 20)]
    [InlineData(250, 51, 50)]
    [InlineData(300, 5, 0)]
    public async Task A_limit_bounds_the_sum_of_the_data(long offset, long limit, int expected)
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = await server.AddAsync(TestBlob.Random(5, 300));

        byte[] content = await server.ReadAsync(ResourceName.FormatRead(blob.Digest), offset, limit);

        Assert.Equal(blob.Content[(int)offset..((int)offset + expected)], content);
    }

    [Fact]
    [Rule("BSR-03")]
    public async Task A_negative_limit_is_INVALID_ARGUMENT()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = await server.AddAsync(TestBlob.Random(6, 100));

        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, server.ReadAsync(ResourceName.FormatRead(blob.Digest), 0, -1));
    }

    [Theory]
    [Rule("DIG-03")]
    [Rule("DIG-04")]
    [Rule("BSR-06")]
    [Rule("Q-09")]
    [InlineData(DigestFunction.Sha256)]
    [InlineData(DigestFunction.Sha1)]
    [InlineData(DigestFunction.Md5)]
    [InlineData(DigestFunction.Sha384)]
    [InlineData(DigestFunction.Sha512)]
    public async Task The_empty_blob_is_read_without_having_been_uploaded(DigestFunction function)
    {
        await using CasServer server = await CasServer.StartAsync();

        Assert.Empty(await server.ReadAsync(ResourceName.FormatRead(EmptyBlob.DigestOf(default, function))));
    }

    [Fact]
    [Rule("DIG-02")]
    [Rule("Q-09")]
    public async Task Neither_a_wrong_size_nor_size_0_under_another_hash_is_found()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = await server.AddAsync(TestBlob.Random(7, 100));

        foreach (int size in (int[])[0, 99, 101])
            await CasServer.AssertRefusedAsync(StatusCode.NotFound, server.ReadAsync($"blobs/{blob.Digest.Hash}/{size}"));
        await CasServer.AssertRefusedAsync(StatusCode.NotFound, server.ReadAsync($"blobs/{EmptyBlob.DigestOf(default, DigestFunction.Sha256).Hash}/1"));
    }
}
