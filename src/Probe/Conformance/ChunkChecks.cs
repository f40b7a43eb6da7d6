using RemoteExec.Rpc;
using static RemoteExec.Probe.Conformance.Scenario;

namespace RemoteExec.Probe.Conformance;

/// <summary>SplitBlob and SpliceBlob.</summary>
internal static class ChunkChecks
{
    public static IReadOnlyList<Check> All { get; } =
    [
        Check.Should("CAS-27", "SplitBlob is UNIMPLEMENTED where it is not advertised", async scenario =>
        {
            Need(!scenario.Cache.SplitBlobSupport, "it is advertised");
            await RefusesAsync(scenario.Client.SplitAsync((await scenario.AddAsync()).Wire, scenario.Token), StatusCode.Unimplemented);
        }),
        Check.Must("CAS-28", "the chunks of a split are there and make the blob", async scenario =>
        {
            Need(scenario.Cache.SplitBlobSupport, "split_blob_support is false");
            ProbeBlob blob = await scenario.AddAsync(3 * 1024 * 1024);
            Reapi.SplitBlobResponse answer = await scenario.Client.SplitAsync(blob.Wire, scenario.Token);
            using var joined = new MemoryStream();
            foreach (Reapi.Digest chunk in answer.ChunkDigests)
                await joined.WriteAsync(await scenario.Client.ReadAsync(NameOf(scenario, chunk), scenario.Token), scenario.Token);
            Require(joined.ToArray().AsSpan().SequenceEqual(blob.Content), $"the {answer.ChunkDigests.Count} chunks make something else");
        }),
        Check.Must("CAS-29", "splitting an absent blob is NOT_FOUND", scenario =>
        {
            Need(scenario.Cache.SplitBlobSupport, "split_blob_support is false");
            return RefusesAsync(scenario.Client.SplitAsync(scenario.NewBlob().Wire, scenario.Token), StatusCode.NotFound);
        }),
        Check.Must("CAS-32", "chunks that make another blob are INVALID_ARGUMENT", async scenario =>
        {
            Need(scenario.Cache.SpliceBlobSupport, "splice_blob_support is false");
            ProbeBlob blob = scenario.NewBlob(2000);
            ProbeBlob[] chunks = [await scenario.AddAsync(), await scenario.AddAsync()];
            await RefusesAsync(scenario.Client.SpliceAsync(blob.Wire, chunks.Select(chunk => chunk.Wire), scenario.Token), StatusCode.InvalidArgument);
            Require(!await scenario.HasAsync(blob), "the blob is there");
        }),
        Check.Must("CAS-32", "a chunk that is missing is NOT_FOUND", async scenario =>
        {
            Need(scenario.Cache.SpliceBlobSupport, "splice_blob_support is false");
            ProbeBlob first = await scenario.AddAsync(), second = scenario.NewBlob();
            var blob = new ProbeBlob([.. first.Content, .. second.Content]);
            await RefusesAsync(scenario.Client.SpliceAsync(blob.Wire, [first.Wire, second.Wire], scenario.Token), StatusCode.NotFound);
        }),
        Check.Should("CAS-35", "a splice without the blob's digest is INVALID_ARGUMENT", async scenario =>
        {
            Need(scenario.Cache.SpliceBlobSupport, "splice_blob_support is false");
            await RefusesAsync(scenario.Client.SpliceAsync(null, [(await scenario.AddAsync()).Wire], scenario.Token), StatusCode.InvalidArgument);
        }),
        Check.Must("CAS-41", "a spliced blob is there and read as a whole", async scenario =>
        {
            Need(scenario.Cache.SpliceBlobSupport, "splice_blob_support is false");
            ProbeBlob first = await scenario.AddAsync(), second = await scenario.AddAsync();
            var blob = new ProbeBlob([.. first.Content, .. second.Content]);
            Reapi.SpliceBlobResponse answer = await scenario.Client.SpliceAsync(blob.Wire, [first.Wire, second.Wire], scenario.Token);
            Require(answer.BlobDigest is not null && answer.BlobDigest.Equals(blob.Wire), "the answer is of another blob");
            Require((await scenario.Client.ReadAsync(scenario.Client.ReadName(blob), scenario.Token)).AsSpan().SequenceEqual(blob.Content), "something else was read");
        }),
    ];

    private static string NameOf(Scenario scenario, Reapi.Digest digest) => $"{(scenario.Client.Instance.Length == 0 ? "" : scenario.Client.Instance + "/")}blobs/{digest.Hash}/{digest.SizeBytes}";
}
