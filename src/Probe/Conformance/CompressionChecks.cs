using Google.Protobuf;
using RemoteExec.Cas.Compression;
using RemoteExec.Rpc;
using static RemoteExec.Probe.Conformance.Scenario;
using Compressor = Build.Bazel.Remote.Execution.V2.Compressor.Types.Value;

namespace RemoteExec.Probe.Conformance;

/// <summary>Blobs that travel compressed, in every compressor that the server offers and this program knows.</summary>
internal static class CompressionChecks
{
    public static IReadOnlyList<Check> All { get; } =
    [
        Check.Must("BSR-05", "what is present can be read in every compressor that is offered", scenario => EachAsync(scenario, async (compressor, blob) =>
        {
            await scenario.AddAsync(blob);
            byte[] read = await scenario.Client.ReadAsync(scenario.Client.ReadName(blob, compressor), scenario.Token);
            Require((await DecompressAsync(scenario, compressor, read, blob.Content.Length)).AsSpan().SequenceEqual(blob.Content), $"{compressor}: something else was read");
        })),
        Check.Must("BSR-04", "offsets of compressed reads count uncompressed bytes", scenario => EachAsync(scenario, async (compressor, blob) =>
        {
            await scenario.AddAsync(blob);
            byte[] read = await scenario.Client.ReadAsync(scenario.Client.ReadName(blob, compressor), scenario.Token, offset: 5000);
            Require((await DecompressAsync(scenario, compressor, read, blob.Content.Length - 5000)).AsSpan().SequenceEqual(blob.Content.AsSpan(5000)), $"{compressor}: something else was read");
        })),
        Check.Must("BSR-04", "compressed reads have no limit", scenario => EachAsync(scenario, async (compressor, blob) =>
        {
            await scenario.AddAsync(blob);
            await RefusesAsync(scenario.Client.ReadAsync(scenario.Client.ReadName(blob, compressor), scenario.Token, limit: 10), StatusCode.InvalidArgument);
        })),
        Check.Must("BSW-08", "a compressed upload answers the compressed bytes, or -1", scenario => EachAsync(scenario, async (compressor, blob) =>
        {
            byte[] compressed = await BlobCompression.CompressAsync(compressor, blob.Content, scenario.Token);
            long committed = await scenario.Client.WriteAsync(ReapiClient.Messages(scenario.Client.UploadName(blob, compressor), compressed, 1000), scenario.Token);
            Require(committed == compressed.Length || committed == -1, $"{compressor}: {committed} instead of {compressed.Length}");
            byte[] read = await scenario.Client.ReadAsync(scenario.Client.ReadName(blob), scenario.Token);
            Require(read.AsSpan().SequenceEqual(blob.Content), $"{compressor}: something else was read afterwards");
        })),
        Check.Must("BSW-10", "a compressed upload of something else is INVALID_ARGUMENT", scenario => EachAsync(scenario, async (compressor, blob) =>
        {
            byte[] compressed = await BlobCompression.CompressAsync(compressor, scenario.NewBlob(blob.Content.Length).Content, scenario.Token);
            await RefusesAsync(scenario.Client.WriteAsync(ReapiClient.Messages(scenario.Client.UploadName(blob, compressor), compressed, 1000), scenario.Token), StatusCode.InvalidArgument);
            Require(!await scenario.HasAsync(blob), $"{compressor}: the blob is there");
        })),
        Check.Must("BSW-10", "a damaged compressed upload is INVALID_ARGUMENT", scenario => EachAsync(scenario, async (compressor, blob) =>
        {
            byte[] nonsense = scenario.NewBlob(500).Content;
            nonsense[0] = 0xFF; // none of the formats begins so
            await RefusesAsync(scenario.Client.WriteAsync(ReapiClient.Messages(scenario.Client.UploadName(blob, compressor), nonsense, 1000), scenario.Token), StatusCode.InvalidArgument);
        })),
        Check.Must("CAS-11", "a compressed blob in a batch is named by its uncompressed size", async scenario =>
        {
            Compressor[] both = [.. scenario.Cache.SupportedBatchUpdateCompressors.Intersect(BlobCompression.Supported)];
            Need(both.Length > 0, "no compressor that is known here is offered for batches");
            foreach (Compressor compressor in both)
            {
                ProbeBlob blob = Compressible(scenario);
                byte[] compressed = await BlobCompression.CompressAsync(compressor, blob.Content, scenario.Token);
                Reapi.BatchUpdateBlobsResponse answer = await scenario.Client.BatchUpdateAsync(
                    [new Reapi.BatchUpdateBlobsRequest.Types.Request { Digest = blob.Wire, Compressor = compressor, Data = ByteString.CopyFrom(compressed) }], scenario.Token);
                Require(BlobChecks.CodeOf(answer.Responses.FirstOrDefault()?.Status) == StatusCode.Ok && await scenario.HasAsync(blob), $"{compressor}: the upload failed");
            }
        }),
    ];

    private static async Task EachAsync(Scenario scenario, Func<Compressor, ProbeBlob, Task> tryAsync)
    {
        Compressor[] both = [.. scenario.Cache.SupportedCompressors.Intersect(BlobCompression.Supported)];
        Need(both.Length > 0, "no compressor that is known here is offered");
        foreach (Compressor compressor in both)
            await tryAsync(compressor, Compressible(scenario));
    }

    private static ProbeBlob Compressible(Scenario scenario) => new([.. scenario.NewBlob(2000).Content, .. new byte[18_000]]);

    private static async Task<byte[]> DecompressAsync(Scenario scenario, Compressor compressor, byte[] compressed, int length)
    {
        try
        {
            return await BlobCompression.DecompressAsync(compressor, compressed, length, scenario.Token);
        }
        catch (InvalidDataException exception)
        {
            throw new CheckException(Verdict.Fail, $"{compressor}: {exception.Message}");
        }
    }
}
