using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.TestKit;

namespace RemoteExec.ActionCache.Tests.Services;

/// <summary>Blobs over HTTP, as long as what something in the disk store changes at, and a byte more or less.</summary>
public sealed class HttpBlobSizeTests : IAsyncLifetime
{
    private const int SegmentBytes = 1 << 20;
    private const int HeaderBytes = 80; // of a record under a SHA-256 in the unnamed instance

    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("sizes-");
    private SegmentStore segments = null!;
    private TestServer server = null!;

    public static TheoryData<int> Lengths { get; } =
    [
        0, 1,
        .. ((int[])[4096 - HeaderBytes, 16 * 1024, 64 * 1024, SegmentBytes - HeaderBytes, SegmentBytes]).SelectMany(length => (int[])[length - 1, length, length + 1]),
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        segments = await SegmentStore.OpenAsync(
            new SegmentStoreOptions { Path = directory.FullName, MaxBytes = 32 << 20, SegmentBytes = SegmentBytes }, NullLogger.Instance, TimeProvider.System, Token);
        server = await TestServer.StartAsync(backing: segments);
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        await segments.DisposeAsync();
        directory.Delete(recursive: true);
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public async Task A_blob_of_any_size_is_put_and_got(int length)
    {
        TestBlob blob = TestBlob.Random(length, length);
        using var content = new ByteArrayContent(blob.Content);

        using HttpResponseMessage put = await server.Http.PutAsync($"/cas/{blob.Digest.Hash}", content, Token);
        using HttpResponseMessage got = await server.Http.GetAsync($"/cas/{blob.Digest.Hash}", Token);

        Assert.True(put.IsSuccessStatusCode);
        Assert.Equal(HttpStatusCode.OK, got.StatusCode);
        Assert.Equal(blob.Content, await got.Content.ReadAsByteArrayAsync(Token));
    }
}
