using RemoteExec.Rpc;
using static RemoteExec.Probe.Conformance.Scenario;
using Function = Build.Bazel.Remote.Execution.V2.DigestFunction.Types.Value;

namespace RemoteExec.Probe.Conformance;

/// <summary>Which digests there are, and that of the empty blob.</summary>
internal static class DigestChecks
{
    private static readonly ProbeBlob empty = new([]);

    public static IReadOnlyList<Check> All { get; } =
    [
        Check.Should("DIG-01", "a hash in upper case is INVALID_ARGUMENT", scenario => RefusesAsync(scenario, blob => blob.Hash.ToUpperInvariant().Replace('0', 'A'), blob => blob.SizeBytes)),
        Check.Should("DIG-01", "a hash of another length is INVALID_ARGUMENT", scenario => RefusesAsync(scenario, blob => blob.Hash[..^1], blob => blob.SizeBytes)),
        Check.Should("DIG-01", "a hash with other characters is INVALID_ARGUMENT", scenario => RefusesAsync(scenario, blob => "z" + blob.Hash[1..], blob => blob.SizeBytes)),
        Check.Should("DIG-02", "a negative size is INVALID_ARGUMENT", scenario => RefusesAsync(scenario, blob => blob.Hash, _ => -1)),
        Check.Must("DIG-02", "the hash of a blob with another size is no name of it", async scenario =>
        {
            ProbeBlob blob = await scenario.AddAsync();
            var resized = new Reapi.Digest { Hash = blob.Wire.Hash, SizeBytes = blob.Wire.SizeBytes - 1 };
            try
            {
                Require((await scenario.Client.FindMissingAsync([resized], scenario.Token)).Count == 1, "it was found under another size");
            }
            catch (RpcException exception) when (exception.Code == StatusCode.InvalidArgument)
            {
                // To say so is as good.
            }
        }),
        Check.Must("DIG-03", "the empty blob is never missing", async scenario =>
        {
            _ = scenario.Cache;
            Require(await scenario.HasAsync(empty), "FindMissingBlobs lists it");
        }),
        Check.Must("DIG-03", "the empty blob is read by BatchReadBlobs", async scenario =>
        {
            _ = scenario.Cache;
            Reapi.BatchReadBlobsResponse answer = await scenario.Client.BatchReadAsync([empty.Wire], scenario.Token);
            Require(answer.Responses is [{ Status: null or { Code: 0 }, Data.Length: 0 }], $"answered with {answer.Responses.FirstOrDefault()?.Status?.Code}");
        }),
        Check.Must("DIG-03", "the empty blob is read by ByteStream", async scenario =>
        {
            _ = scenario.Cache;
            Require((await scenario.Client.ReadAsync(scenario.Client.ReadName(empty), scenario.Token)).Length == 0, "it was not empty");
        }),
        Check.Must("DIG-03", "uploading the empty blob succeeds", async scenario =>
        {
            _ = scenario.Cache;
            Require(await scenario.Client.UploadAsync(empty, scenario.Token) == 0, "the committed size is not 0");
            await scenario.AddAsync(empty);
        }),
        Check.Should("DIG-08", "a function that is not stated follows from the length of the hash", async scenario =>
        {
            ProbeBlob blob = await scenario.AddAsync();
            foreach (Function function in new[] { Function.Unknown, Function.Sha256 })
            {
                Reapi.FindMissingBlobsResponse answer = await scenario.Client.FindMissingAsync(
                    new Reapi.FindMissingBlobsRequest { InstanceName = scenario.Client.Instance, BlobDigests = { blob.Wire }, DigestFunction = function }, scenario.Token);
                Require(answer.MissingBlobDigests.Count == 0, $"missing when the function is said to be {function}");
            }
        }),
        Check.Should("DIG-09", "a function that the hash can't be of is INVALID_ARGUMENT", scenario => Scenario.RefusesAsync(scenario.Client.FindMissingAsync(
            new Reapi.FindMissingBlobsRequest { InstanceName = scenario.Client.Instance, BlobDigests = { scenario.NewBlob().Wire }, DigestFunction = Function.Sha1 }, scenario.Token), StatusCode.InvalidArgument)),
        Check.Should("DIG-10", "digests of two functions in a request are INVALID_ARGUMENT", scenario =>
        {
            ProbeBlob blob = scenario.NewBlob();
            return Scenario.RefusesAsync(scenario.Client.FindMissingAsync([blob.Wire, new Reapi.Digest { Hash = blob.Wire.Hash[..40], SizeBytes = 5 }], scenario.Token), StatusCode.InvalidArgument);
        }),
    ];

    private static Task RefusesAsync(Scenario scenario, Func<Reapi.Digest, string> hash, Func<Reapi.Digest, long> size)
    {
        Reapi.Digest digest = scenario.NewBlob().Wire;
        return Scenario.RefusesAsync(scenario.Client.FindMissingAsync([new Reapi.Digest { Hash = hash(digest), SizeBytes = size(digest) }], scenario.Token), StatusCode.InvalidArgument);
    }
}
