using Google.Bytestream;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.TestKit;
using Compressor = Build.Bazel.Remote.Execution.V2.Compressor.Types.Value;

namespace RemoteExec.Conformance.Tests.Compression;

public sealed class CompressedReadTests
{
    public static TheoryData<Compressor> Compressors => Compressed.Compressors;

    [Theory]
    [Rule("RES-02")]
    [Rule("RES-07")]
    [Rule("BSR-05")]
    [Rule("BSR-07")]
    [MemberData(nameof(Compressors))]
    public async Task What_is_present_is_read_in_every_compressor(Compressor compressor)
    {
        await using CasServer server = await CasServer.StartAsync();
        foreach (int length in (int[])[0, 1, 100, 65_536, 70_000, 3_000_000])
        {
            TestBlob blob = await server.AddAsync(Compressed.Blob(length, length));

            byte[] answer = await server.ReadAsync(ResourceName.FormatRead(blob.Digest, compressor));

            Assert.Equal(blob.Content, await Compressed.DecompressAsync(compressor, answer));
            if (length > 1000)
                Assert.InRange(answer.Length, 0, length * 9 / 10);
        }
    }

    [Theory]
    [Rule("BSR-04")]
    [MemberData(nameof(Compressors))]
    public async Task The_offset_counts_uncompressed_bytes(Compressor compressor)
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = await server.AddAsync(Compressed.Blob(1, 200_000));
        foreach (int offset in (int[])[0, 1, 100_000, 199_999, 200_000])
        {
            byte[] answer = await server.ReadAsync(ResourceName.FormatRead(blob.Digest, compressor), offset);

            Assert.Equal(blob.Content[offset..], await Compressed.DecompressAsync(compressor, answer));
        }

        await CasServer.AssertRefusedAsync(StatusCode.OutOfRange, server.ReadAsync(ResourceName.FormatRead(blob.Digest, compressor), 200_001));
    }

    [Fact]
    [Rule("BSR-04")]
    public async Task A_limit_is_INVALID_ARGUMENT()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = await server.AddAsync(Compressed.Blob(1, 1000));

        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, server.ReadAsync(ResourceName.FormatRead(blob.Digest, Compressor.Zstd), limit: 10));
    }

    [Fact]
    [Rule("BSR-01")]
    public async Task An_absent_blob_is_NOT_FOUND()
    {
        await using CasServer server = await CasServer.StartAsync();

        await CasServer.AssertRefusedAsync(
            StatusCode.NotFound, server.ReadAsync(ResourceName.FormatRead(Compressed.Blob(1, 1000).Digest, Compressor.Zstd)));
    }

    [Fact]
    [Rule("BSR-08")]
    public async Task Messages_are_of_about_64_KiB()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = await server.AddAsync(TestBlob.Random(1, 1_000_000));

        List<ReadResponse> messages = await server.ReadMessagesAsync(new ReadRequest { ResourceName = ResourceName.FormatRead(blob.Digest, Compressor.Zstd) });

        Assert.InRange(messages.Count, 15, 17);
        Assert.All(messages, message => Assert.InRange(message.Data.Length, 1, 65_536));
    }
}
