using Google.Protobuf;
using RemoteExec.Rpc;
using static RemoteExec.Probe.Conformance.Scenario;
using Entry = Build.Bazel.Remote.Execution.V2.BatchUpdateBlobsRequest.Types.Request;

namespace RemoteExec.Probe.Conformance;

/// <summary>Looking for blobs, and moving small ones many at a time.</summary>
internal static class BlobChecks
{
    public static IReadOnlyList<Check> All { get; } =
    [
        Check.Must("CAS-01", "absent blobs are answered, and no others", async scenario =>
        {
            ProbeBlob there = await scenario.AddAsync(), absent = scenario.NewBlob();
            IReadOnlyList<Reapi.Digest> missing = await scenario.Client.FindMissingAsync([there.Wire, absent.Wire], scenario.Token);
            Require(missing.Contains(absent.Wire), "an absent blob is not answered");
            Require(!missing.Contains(there.Wire), "a blob that is there is answered");
        }),
        Check.Must("CAS-01", "nothing is missing from nothing", async scenario =>
        {
            _ = scenario.Cache;
            Require((await scenario.Client.FindMissingAsync([], scenario.Token)).Count == 0, "something was");
        }),
        Check.Should("CAS-01", "absent blobs are answered in order and once", async scenario =>
        {
            Reapi.Digest a = scenario.NewBlob().Wire, b = scenario.NewBlob().Wire;
            Require((await scenario.Client.FindMissingAsync([b, a, b], scenario.Token)).SequenceEqual([b, a]), "they came otherwise");
        }),
        Check.Must("CAS-04", "what is present can be read", async scenario =>
        {
            ProbeBlob blob = await scenario.AddAsync(5000);
            Require(await scenario.HasAsync(blob), "the blob is missing right after its upload");
            Reapi.BatchReadBlobsResponse answer = await scenario.Client.BatchReadAsync([blob.Wire], scenario.Token);
            Require(answer.Responses is [{ Status: null or { Code: 0 } } one] && one.Data.Span.SequenceEqual(blob.Content), "it could not be read, or was another");
        }),
        Check.Must("CAS-06", "a batch is answered blob by blob", async scenario =>
        {
            ProbeBlob[] blobs = [scenario.NewBlob(), scenario.NewBlob(10), scenario.NewBlob(3000)];
            Reapi.BatchUpdateBlobsResponse answer = await scenario.Client.BatchUpdateAsync(blobs, scenario.Token);
            Require(answer.Responses.Select(response => response.Digest).ToHashSet().SetEquals(blobs.Select(blob => blob.Wire)), "an answer is missing, or one is of another blob");
            Require(answer.Responses.All(response => CodeOf(response.Status) == StatusCode.Ok), "a blob failed");
        }),
        Check.Should("CAS-06", "the answers to a batch are in its order", async scenario =>
        {
            ProbeBlob[] blobs = [.. Enumerable.Range(0, 8).Select(_ => scenario.NewBlob(100))];
            Reapi.BatchUpdateBlobsResponse answer = await scenario.Client.BatchUpdateAsync(blobs, scenario.Token);
            Require(answer.Responses.Select(response => response.Digest).SequenceEqual(blobs.Select(blob => blob.Wire)), "they are in another");
        }),
        Check.Must("CAS-07", "content that is not what its digest names is INVALID_ARGUMENT, for that blob alone", async scenario =>
        {
            ProbeBlob good = scenario.NewBlob(), wrong = scenario.NewBlob();
            Reapi.BatchUpdateBlobsResponse answer = await scenario.Client.BatchUpdateAsync([EntryOf(wrong.Wire, good.Content), EntryOf(good.Wire, good.Content)], scenario.Token);
            Require(CodeOf(answer, wrong) == StatusCode.InvalidArgument, $"answered with {CodeOf(answer, wrong)}");
            Require(CodeOf(answer, good) == StatusCode.Ok, $"the good one beside it ended with {CodeOf(answer, good)}");
        }),
        Check.Must("CAS-14", "what was not verified is not visible", async scenario =>
        {
            ProbeBlob wrong = scenario.NewBlob();
            await scenario.Client.BatchUpdateAsync([EntryOf(wrong.Wire, scenario.NewBlob().Content)], scenario.Token);
            Require(!await scenario.HasAsync(wrong), "the blob is there");
        }),
        Check.Must("CAS-13", "uploading again succeeds", async scenario =>
        {
            ProbeBlob blob = await scenario.AddAsync();
            await scenario.AddAsync(blob);
            Require(await scenario.HasAsync(blob), "the blob is gone");
        }),
        Check.Should("CAS-13", "a blob that stands twice in a batch succeeds twice", async scenario =>
        {
            ProbeBlob blob = scenario.NewBlob();
            Reapi.BatchUpdateBlobsResponse answer = await scenario.Client.BatchUpdateAsync([blob, blob], scenario.Token);
            Require(answer.Responses.Count == 2 && answer.Responses.All(response => CodeOf(response.Status) == StatusCode.Ok), $"{answer.Responses.Count} answers, {string.Join(", ", answer.Responses.Select(response => CodeOf(response.Status)))}");
        }),
        Check.Must("CAS-16", "an absent blob is NOT_FOUND in its own entry", async scenario =>
        {
            ProbeBlob there = await scenario.AddAsync(), absent = scenario.NewBlob();
            Reapi.BatchReadBlobsResponse answer = await scenario.Client.BatchReadAsync([absent.Wire, there.Wire], scenario.Token);
            Require(answer.Responses.Any(response => response.Digest.Equals(absent.Wire) && CodeOf(response.Status) == StatusCode.NotFound && response.Data.IsEmpty), "it is not");
            Require(answer.Responses.Any(response => response.Digest.Equals(there.Wire) && CodeOf(response.Status) == StatusCode.Ok && response.Data.Span.SequenceEqual(there.Content)), "the one beside it was not read");
        }),
        Check.Must("CAS-17", "a batch is answered as it is where no compressor is acceptable", async scenario =>
        {
            ProbeBlob blob = await scenario.AddAsync(new ProbeBlob(new byte[20_000]));
            Reapi.BatchReadBlobsResponse answer = await scenario.Client.BatchReadAsync([blob.Wire], scenario.Token);
            Require(answer.Responses is [{ Compressor: Reapi.Compressor.Types.Value.Identity, Data.Length: 20_000 }], "it came compressed");
        }),
        Check.Should("CAS-18", "blobs that are asked for twice are answered twice", async scenario =>
        {
            ProbeBlob blob = await scenario.AddAsync();
            Require((await scenario.Client.BatchReadAsync([blob.Wire, blob.Wire], scenario.Token)).Responses.Count == 2, "they are not");
        }),
        Check.Should("CAS-10", "a compressor that is not offered is INVALID_ARGUMENT in a batch", async scenario =>
        {
            ProbeBlob blob = scenario.NewBlob();
            Entry entry = EntryOf(blob.Wire, blob.Content);
            entry.Compressor = (Reapi.Compressor.Types.Value)99;
            try
            {
                StatusCode code = CodeOf(await scenario.Client.BatchUpdateAsync([entry], scenario.Token), blob);
                Require(code == StatusCode.InvalidArgument, $"answered with {code}");
            }
            catch (RpcException exception) when (exception.Code == StatusCode.InvalidArgument)
            {
                // The whole batch is as good.
            }
        }),
    ];

    /// <summary>A code as entries of batches carry it.</summary>
    internal static StatusCode CodeOf(Google.Rpc.Status? status) => (StatusCode)(status?.Code ?? 0);

    private static StatusCode CodeOf(Reapi.BatchUpdateBlobsResponse answer, ProbeBlob blob) =>
        CodeOf(answer.Responses.FirstOrDefault(response => response.Digest.Equals(blob.Wire))?.Status);

    private static Entry EntryOf(Reapi.Digest digest, byte[] content) => new() { Digest = digest, Data = ByteString.CopyFrom(content) };
}
