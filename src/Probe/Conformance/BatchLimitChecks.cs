using Google.Bytestream;
using RemoteExec.Rpc;
using static RemoteExec.Probe.Conformance.Scenario;

namespace RemoteExec.Probe.Conformance;

/// <summary>The limits that a server tells, beyond which it has to refuse.</summary>
internal static class BatchLimitChecks
{
    private const int Largest = 16 * 1024 * 1024; // no batch that is tried is larger
    private const int BlobBytes = 512 * 1024;

    public static IReadOnlyList<Check> All { get; } =
    [
        Check.Must("CAS-09", "a batch over the limit is INVALID_ARGUMENT as a whole", scenario =>
        {
            ProbeBlob[] blobs = [.. Enumerable.Range(0, BlobsBeyond(scenario)).Select(_ => scenario.NewBlob(BlobBytes))];
            return RefusesAsync(scenario.Client.BatchUpdateAsync(blobs, scenario.Token), StatusCode.InvalidArgument);
        }),
        Check.Must("CAS-15", "reading a batch over the limit is INVALID_ARGUMENT as a whole", async scenario =>
        {
            int count = BlobsBeyond(scenario);
            ProbeBlob[] blobs = new ProbeBlob[count];
            for (int i = 0; i < count; i++)
                blobs[i] = await scenario.AddAsync(BlobBytes);
            await RefusesAsync(scenario.Client.BatchReadAsync(blobs.Select(blob => blob.Wire), scenario.Token), StatusCode.InvalidArgument);
        }),
        Check.Should("CAS-12", "a blob over the advertised size is INVALID_ARGUMENT", scenario =>
        {
            Need(scenario.Cache.MaxCasBlobSizeBytes > 0, "blobs of any size are taken");
            Reapi.Digest digest = scenario.NewBlob().Wire;
            string prefix = scenario.Client.Instance.Length == 0 ? "" : scenario.Client.Instance + "/";
            var first = new WriteRequest { ResourceName = $"{prefix}uploads/{Guid.NewGuid()}/blobs/{digest.Hash}/{scenario.Cache.MaxCasBlobSizeBytes + 1}" };
            return RefusesAsync(scenario.Client.WriteAsync([first], scenario.Token), StatusCode.InvalidArgument);
        }),
    ];

    private static int BlobsBeyond(Scenario scenario)
    {
        long limit = scenario.Cache.MaxBatchTotalSizeBytes;
        Need(limit > 0, "batches have no limit of their own");
        Need(limit <= Largest, $"the limit, {limit} bytes, is more than is tried");
        return (int)(limit / BlobBytes) + 1;
    }
}
