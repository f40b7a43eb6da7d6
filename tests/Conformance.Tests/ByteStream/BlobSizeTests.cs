using Google.Bytestream;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.Conformance.Tests.ByteStream;

/// <summary>Blobs as long as what something in the disk store changes at, and a byte more or less.</summary>
public sealed class BlobSizeTests : IAsyncLifetime
{
    private const int SegmentBytes = 1 << 20;
    private const int HeaderBytes = 80; // of a record under a SHA-256 in the unnamed instance

    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("sizes-");
    private SegmentStore segments = null!;

    /// <summary>
    /// Nothing and next to nothing; a record that is read in one call; a value that is written in one; a message of ours; a frame on the disk; what may be made of chunks; a segment.
    /// </summary>
    public static TheoryData<int> Lengths { get; } =
    [
        0, 1,
        .. ((int[])[4096 - HeaderBytes, 16 * 1024, 64 * 1024, 128 * 1024, 512 * 1024, SegmentBytes - HeaderBytes, SegmentBytes, 2 * SegmentBytes])
            .SelectMany(length => (int[])[length - 1, length, length + 1]),
    ];

    public async ValueTask InitializeAsync() => segments = await OpenAsync(SegmentCompression.None);

    public async ValueTask DisposeAsync()
    {
        await segments.DisposeAsync();
        directory.Delete(recursive: true);
    }

    [Theory]
    [Rule("BSW-06")]
    [Rule("DIG-03")]
    [MemberData(nameof(Lengths))]
    public async Task A_blob_of_any_size_is_written_and_read(int length)
    {
        foreach (SegmentCompression compression in Enum.GetValues<SegmentCompression>())
        {
            await segments.DisposeAsync();
            segments = await OpenAsync(compression);
            await using CasServer server = await CasServer.StartOverAsync(new ChunkedStore(segments));

            // The first half shrinks, the other does not.
            byte[] content = TestBlob.Random(length, length).Content;
            Array.Clear(content, 0, length / 2);
            if (length > 0)
                content[0] = (byte)compression; // another blob each time
            TestBlob blob = TestBlob.Of(content);

            Assert.Equal(length, await server.WriteAsync(Messages(blob)));

            Assert.Empty((await server.FindMissingAsync(new Reapi.FindMissingBlobsRequest { BlobDigests = { CasServer.Wire(blob) } })).MissingBlobDigests);
            Assert.Equal(content, await server.ReadAsync(ResourceName.FormatRead(blob.Digest)));
            Assert.Equal(content[(length / 3)..], await server.ReadAsync(ResourceName.FormatRead(blob.Digest), length / 3));
        }
    }

    private static IEnumerable<WriteRequest> Messages(TestBlob blob)
    {
        const int MessageBytes = 100_000;
        string name = $"uploads/{Guid.NewGuid()}/blobs/{blob.Digest.Hash}/{blob.Digest.SizeBytes}";
        for (int at = 0; at == 0 || at < blob.Content.Length; at += MessageBytes)
        {
            int count = Math.Min(MessageBytes, blob.Content.Length - at);
            yield return new WriteRequest
            {
                ResourceName = name,
                WriteOffset = at,
                Data = ByteString.CopyFrom(blob.Content, at, count),
                FinishWrite = at + count == blob.Content.Length,
            };
        }
    }

    private ValueTask<SegmentStore> OpenAsync(SegmentCompression compression) => SegmentStore.OpenAsync(
        new SegmentStoreOptions { Path = directory.FullName, MaxBytes = 32 << 20, SegmentBytes = SegmentBytes, Compression = compression },
        NullLogger.Instance, TimeProvider.System, CasServer.Token);
}
