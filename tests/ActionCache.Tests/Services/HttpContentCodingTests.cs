using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas;
using RemoteExec.Cas.Compression;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.TestKit;
using Compressor = Build.Bazel.Remote.Execution.V2.Compressor.Types.Value;

namespace RemoteExec.ActionCache.Tests.Services;

public sealed class HttpContentCodingTests : IAsyncLifetime
{
    private static readonly TestBlob blob = TestBlob.Of(new byte[100_000]);
    private TestServer server = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        server = await TestServer.StartAsync();
        await server.Cas.WriteAllAsync(blob.Digest, blob.Content, Token);
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();

    [Theory]
    [InlineData("zstd", "zstd", Compressor.Zstd)]
    [InlineData("br", "br", Compressor.Brotli)]
    [InlineData("gzip, br;q=0.5, ZSTD;q=0.1", "zstd", Compressor.Zstd)]
    [InlineData("zstd;q=0, br", "br", Compressor.Brotli)]
    public async Task A_blob_is_compressed_for_who_asks(string accepted, string coding, Compressor compressor)
    {
        using HttpResponseMessage response = await GetAsync(accepted);

        Assert.Equal([coding], response.Content.Headers.ContentEncoding);
        Assert.Equal(["Accept-Encoding"], response.Headers.Vary);
        byte[] body = await response.Content.ReadAsByteArrayAsync(Token);
        Assert.InRange(body.Length, 1, 10_000);
        Assert.Equal(blob.Content, await BlobCompression.DecompressAsync(compressor, body, blob.Content.Length, Token));
    }

    [Theory]
    [InlineData("")]
    [InlineData("gzip")]
    [InlineData("identity")]
    [InlineData("*")]
    [InlineData("zstd;q=0")]
    public async Task It_is_sent_as_it_is_to_others(string accepted)
    {
        using HttpResponseMessage response = await GetAsync(accepted);

        Assert.Empty(response.Content.Headers.ContentEncoding);
        Assert.Equal(blob.Content, await response.Content.ReadAsByteArrayAsync(Token));
    }

    [Fact]
    public async Task A_part_of_a_blob_is_not_compressed()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/cas/{blob.Digest.Hash}") { Headers = { Range = new RangeHeaderValue(0, 50_000) } };
        request.Headers.TryAddWithoutValidation("Accept-Encoding", "zstd");

        using HttpResponseMessage response = await server.Http.SendAsync(request, Token);

        Assert.Equal(HttpStatusCode.PartialContent, response.StatusCode);
        Assert.Equal(50_001, (await response.Content.ReadAsByteArrayAsync(Token)).Length);
    }

    [Fact]
    public async Task A_compressed_body_is_refused()
    {
        using var content = new ByteArrayContent([1, 2, 3]) { Headers = { ContentEncoding = { "gzip" } } };

        using HttpResponseMessage response = await server.Http.PutAsync($"/cas/{TestBlob.Random(1, 10).Digest.Hash}", content, Token);

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
    }

    [Fact]
    public async Task What_is_stored_as_zstd_is_sent_as_it_is()
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("compressed-");
        await using (SegmentStore store = await SegmentStore.OpenAsync(
            new SegmentStoreOptions { Path = directory.FullName, MaxBytes = 16 << 20, Compression = SegmentCompression.Zstd }, NullLogger.Instance, TimeProvider.System, Token))
        await using (TestServer over = await TestServer.StartAsync(backing: store))
        {
            await over.Cas.WriteAllAsync(blob.Digest, blob.Content, Token);
            await using BlobReader? reader = await store.OpenReadAsync(blob.Digest, 0, Token);
            var stored = new byte[reader!.ZstdLength!.Value];
            Assert.Equal(stored.Length, await reader.ReadZstdAsync(stored, Token));

            using HttpResponseMessage response = await GetAsync("zstd", over);

            Assert.Equal(["zstd"], response.Content.Headers.ContentEncoding);
            Assert.Equal(stored.Length, response.Content.Headers.ContentLength);
            Assert.Equal(stored, await response.Content.ReadAsByteArrayAsync(Token));
            using HttpResponseMessage plain = await GetAsync("", over);
            Assert.Equal(blob.Content, await plain.Content.ReadAsByteArrayAsync(Token));
        }

        directory.Delete(recursive: true);
    }

    private Task<HttpResponseMessage> GetAsync(string accepted) => GetAsync(accepted, server);

    private static Task<HttpResponseMessage> GetAsync(string accepted, TestServer server)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/cas/{blob.Digest.Hash}");
        if (accepted.Length > 0)
            request.Headers.TryAddWithoutValidation("Accept-Encoding", accepted);
        return server.Http.SendAsync(request, Token);
    }
}
