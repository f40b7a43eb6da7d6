using Google.Bytestream;
using Google.Protobuf;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.TestKit;
using Compressor = Build.Bazel.Remote.Execution.V2.Compressor.Types.Value;

namespace RemoteExec.Conformance.Tests.Compression;

public sealed class CompressedWriteTests
{
    public static TheoryData<Compressor> Compressors => Compressed.Compressors;

    [Theory]
    [Rule("RES-04")]
    [Rule("BSW-08")]
    [Rule("CAS-11")]
    [MemberData(nameof(Compressors))]
    public async Task An_upload_answers_the_compressed_bytes_and_stores_the_content(Compressor compressor)
    {
        await using CasServer server = await CasServer.StartAsync();
        foreach (int length in (int[])[1, 100, 65_536, 70_000, 3_000_000])
        {
            TestBlob blob = Compressed.Blob(length, length);
            byte[] compressed = await Compressed.CompressAsync(compressor, blob.Content);

            Assert.Equal(compressed.Length, await server.WriteAsync(Messages(blob, compressor, compressed, 10_000)));

            Assert.Equal(blob.Content, await server.Store.ReadAllAsync(blob.Digest, length, CasServer.Token));
            Assert.Equal(
                new QueryWriteStatusResponse { CommittedSize = length, Complete = true },
                await server.QueryAsync(ResourceName.FormatWrite(blob.Digest, "id", compressor)));
        }
    }

    [Fact]
    [Rule("BSW-10")]
    public async Task Zstd_frames_of_others_and_several_in_a_row_are_understood()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = TestBlob.Of("hellohello"u8.ToArray());
        byte[] frame = Convert.FromHexString("28b52ffd200529000068656c6c6f"); // RFC 8878: one raw block of 5 bytes, "hello"

        Assert.Equal(2 * frame.Length, await server.WriteAsync(Messages(blob, Compressor.Zstd, [.. frame, .. frame], 3)));
        Assert.True(await server.HasAsync(blob));
    }

    [Theory]
    [Rule("BSW-07")]
    [Rule("Q-06")]
    [MemberData(nameof(Compressors))]
    public async Task What_is_there_already_is_told_at_once_with_minus_one(Compressor compressor)
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = await server.AddAsync(Compressed.Blob(1, 100_000));
        await using RpcClientCall call = server.OpenWrite();

        await CasServer.SendAsync(call, Messages(blob, compressor, await Compressed.CompressAsync(compressor, blob.Content), 1000).First());

        Assert.Equal(-1, await CasServer.AnswerAsync(call));
    }

    [Theory]
    [Rule("BSW-09")]
    [Rule("BSQ-03")]
    [Rule("BSW-04")]
    [MemberData(nameof(Compressors))]
    public async Task An_interrupted_upload_goes_on_with_a_new_stream_of_the_rest(Compressor compressor)
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = Compressed.Blob(1, 1_000_000);
        string name = ResourceName.FormatWrite(blob.Digest, "id", compressor);
        byte[] compressed = await Compressed.CompressAsync(compressor, blob.Content);

        long committed = await server.WriteAsync(
            new WriteRequest { ResourceName = name, Data = ByteString.CopyFrom(compressed, 0, compressed.Length / 2) });

        Assert.InRange(committed, 1, blob.Content.Length - 1);
        Assert.Equal(new QueryWriteStatusResponse { CommittedSize = committed }, await server.QueryAsync(name));
        byte[] rest = await Compressed.CompressAsync(compressor, blob.Content[(int)committed..]);
        long end = await server.WriteAsync(Messages(blob, compressor, rest, 50_000, committed));
        Assert.Equal(committed + rest.Length, end);
        Assert.Equal(blob.Content, await server.Store.ReadAllAsync(blob.Digest, blob.Content.Length, CasServer.Token));
    }

    [Theory]
    [Rule("BSW-10")]
    [MemberData(nameof(Compressors))]
    public async Task More_than_was_announced_is_refused_before_it_is_unpacked(Compressor compressor)
    {
        await using CasServer server = await CasServer.StartAsync();
        byte[] bomb = await Compressed.CompressAsync(compressor, new byte[50_000_000]);
        TestBlob blob = TestBlob.Of(new byte[1000]);

        RpcStatus status = await CasServer.StatusOfAsync(server.WriteAsync(Messages(blob, compressor, bomb, 1_000_000)));

        Assert.Equal(StatusCode.InvalidArgument, status.Code);
        Assert.False(await server.HasAsync(blob));
    }

    [Theory]
    [Rule("BSW-05")]
    [Rule("BSW-10")]
    [MemberData(nameof(Compressors))]
    public async Task Damaged_short_or_other_content_is_INVALID_ARGUMENT_and_leaves_nothing(Compressor compressor)
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = Compressed.Blob(1, 100_000);
        byte[] good = await Compressed.CompressAsync(compressor, blob.Content);
        byte[] damaged = [.. good];
        damaged[good.Length / 2] ^= 0x55;
        byte[][] bad =
        [
            damaged, good[..^10], [], [1, 2, 3, 4, 5], blob.Content,
            await Compressed.CompressAsync(compressor, Compressed.Blob(2, 100_000).Content),
            await Compressed.CompressAsync(compressor, blob.Content[1..]),
        ];

        foreach (byte[] compressed in bad)
        {
            await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, server.WriteAsync(Messages(blob, compressor, compressed, 20_000)));
            Assert.False(await server.HasAsync(blob));
        }

        Assert.Equal(good.Length, await server.WriteAsync(Messages(blob, compressor, good, 20_000)));
    }

    [Fact]
    [Rule("BSW-10")]
    public async Task Garbage_behind_a_zstd_frame_is_INVALID_ARGUMENT()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = Compressed.Blob(1, 1000);
        byte[] good = await Compressed.CompressAsync(Compressor.Zstd, blob.Content);

        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, server.WriteAsync(Messages(blob, Compressor.Zstd, [.. good, 0], 20_000)));
    }

    [Fact]
    [Rule("BSW-02")]
    [Rule("BSW-09")]
    public async Task Later_offsets_count_compressed_bytes()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = Compressed.Blob(1, 100_000);
        WriteRequest[] messages = [.. Messages(blob, Compressor.Zstd, await Compressed.CompressAsync(Compressor.Zstd, blob.Content), 1000)];
        messages[3].WriteOffset += 1;

        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, server.WriteAsync(messages));
    }

    [Fact]
    [Rule("BSW-12")]
    public async Task Uploads_of_one_blob_in_all_compressors_at_once_succeed()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = Compressed.Blob(1, 500_000);
        var sizes = new Dictionary<Compressor, int>();
        foreach (Compressor compressor in (Compressor[])[Compressor.Zstd, Compressor.Deflate, Compressor.Brotli])
            sizes[compressor] = (await Compressed.CompressAsync(compressor, blob.Content)).Length;

        await Parallel.ForEachAsync(Enumerable.Range(0, 12), CasServer.Token, async (i, _) =>
        {
            Compressor compressor = sizes.Keys.ElementAt(i % 3);
            byte[] compressed = await Compressed.CompressAsync(compressor, blob.Content);
            long committed = await server.WriteAsync(Messages(blob, compressor, compressed, 10_000, id: $"id{i}"));
            Assert.Contains(committed, (long[])[-1, sizes[compressor]]);
        });

        Assert.Equal(blob.Content, await server.Store.ReadAllAsync(blob.Digest, blob.Content.Length, CasServer.Token));
    }

    private static IEnumerable<WriteRequest> Messages(
        TestBlob blob, Compressor compressor, byte[] compressed, int piece, long offset = 0, string id = "id")
    {
        for (int from = 0; ; from += piece)
        {
            int length = Math.Min(piece, compressed.Length - from);
            bool isLast = from + length == compressed.Length;
            yield return new WriteRequest
            {
                ResourceName = from == 0 ? ResourceName.FormatWrite(blob.Digest, id, compressor) : "",
                WriteOffset = offset + from,
                Data = ByteString.CopyFrom(compressed, from, length),
                FinishWrite = isLast,
            };
            if (isLast)
                yield break;
        }
    }
}
