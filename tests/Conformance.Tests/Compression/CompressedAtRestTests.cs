using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Protocol;
using RemoteExec.TestKit;
using Compressor = Build.Bazel.Remote.Execution.V2.Compressor.Types.Value;

namespace RemoteExec.Conformance.Tests.Compression;

/// <summary>Blobs that lie on the disk as zstd frames.</summary>
public sealed class CompressedAtRestTests : IAsyncLifetime
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("compressed-");
    private SegmentStore segments = null!;
    private CasServer server = null!;

    public async ValueTask InitializeAsync()
    {
        var options = new SegmentStoreOptions { Path = directory.FullName, MaxBytes = 64 << 20, Compression = SegmentCompression.Zstd };
        segments = await SegmentStore.OpenAsync(options, NullLogger.Instance, TimeProvider.System, CasServer.Token);
        server = await CasServer.StartOverAsync(new ChunkedStore(segments));
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        await segments.DisposeAsync();
        directory.Delete(recursive: true);
    }

    [Fact]
    [Rule("BSR-05")]
    [Rule("BSR-07")]
    public async Task Readers_of_zstd_get_what_is_stored()
    {
        TestBlob blob = await server.AddAsync(Compressed.Blob(1, 1_000_000));

        byte[] answer = await server.ReadAsync(ResourceName.FormatRead(blob.Digest, Compressor.Zstd));

        Assert.Equal(await StoredAsync(blob), answer);
        Assert.Equal(blob.Content, await Compressed.DecompressAsync(Compressor.Zstd, answer));
    }

    [Fact]
    [Rule("CAS-17")]
    public async Task So_do_readers_of_batches()
    {
        TestBlob stored = await server.AddAsync(Compressed.Blob(1, 100_000)), small = await server.AddAsync(Compressed.Blob(2, 1000));
        var request = new Reapi.BatchReadBlobsRequest { AcceptableCompressors = { Compressor.Brotli, Compressor.Zstd }, Digests = { CasServer.Wire(stored), CasServer.Wire(small) } };

        Reapi.BatchReadBlobsResponse answer = await server.BatchReadAsync(request);

        Assert.All(answer.Responses, response => Assert.Equal(Compressor.Zstd, response.Compressor));
        Assert.Equal(await StoredAsync(stored), answer.Responses[0].Data);
        Assert.Equal(small.Content, await Compressed.DecompressAsync(Compressor.Zstd, answer.Responses[1].Data.ToByteArray()));
        request.AcceptableCompressors.Clear();
        Assert.Equal(stored.Content, (await server.BatchReadAsync(request)).Responses[0].Data);
    }

    [Theory]
    [Rule("BSR-04")]
    [Rule("BSR-05")]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(131_072)]
    [InlineData(1_000_000)]
    public async Task Others_get_what_they_ask_for(int offset)
    {
        TestBlob blob = await server.AddAsync(Compressed.Blob(1, 1_000_000));

        Assert.Equal(blob.Content[offset..], await server.ReadAsync(ResourceName.FormatRead(blob.Digest), offset));
        foreach (Compressor compressor in (Compressor[])[Compressor.Zstd, Compressor.Deflate, Compressor.Brotli])
        {
            byte[] answer = await server.ReadAsync(ResourceName.FormatRead(blob.Digest, compressor), offset);
            Assert.Equal(blob.Content[offset..], await Compressed.DecompressAsync(compressor, answer));
        }
    }

    private async Task<byte[]> StoredAsync(TestBlob blob)
    {
        await using BlobReader? reader = await segments.OpenReadAsync(blob.Digest, 0, CasServer.Token);
        var frames = new byte[reader!.ZstdLength!.Value];
        for (int filled = 0; filled < frames.Length;)
            filled += await reader.ReadZstdAsync(frames.AsMemory(filled), CasServer.Token);
        return frames;
    }
}
