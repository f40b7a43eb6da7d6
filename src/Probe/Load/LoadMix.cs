using Google.Protobuf;
using RemoteExec.Rpc;

namespace RemoteExec.Probe.Load;

/// <summary>A kind of calls to load a server with.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Says">What the calls are, in a line.</param>
/// <param name="IsWriting">True if each call uploads.</param>
/// <param name="PrepareAsync">Gives the server what the calls need; what it returns makes one call, and returns the bytes of content that it carried.</param>
public sealed record LoadMix(string Name, string Says, bool IsWriting, Func<ReapiClient, Random, CancellationToken, Task<Func<ReapiClient, Random, CancellationToken, Task<long>>>> PrepareAsync)
{
    private const int Keys = 1000; // different blobs or results, so that none is answered out of a processor's cache
    private const int Small = 1024;
    private const int Large = 1024 * 1024;
    private const int Huge = 64 * 1024 * 1024;
    private const int MessageBytes = 256 * 1024;
    private const int BatchBlobs = 100;

    /// <summary>All mixes.</summary>
    public static IReadOnlyList<LoadMix> All { get; } =
    [
        new("get-action-result", "GetActionResult, a hit, of 1,000 actions", false, PrepareResultsAsync),
        new("find-missing-1", "FindMissingBlobs of one blob that is there", false, (client, random, token) => PrepareFindingAsync(client, random, 1, token)),
        new("find-missing-100", "FindMissingBlobs of 100 blobs, half of them there", false, (client, random, token) => PrepareFindingAsync(client, random, 100, token)),
        new("find-missing-10000", "FindMissingBlobs of 10,000 blobs, few of them there", false, (client, random, token) => PrepareFindingAsync(client, random, 10_000, token)),
        new("batch-read-100x1k", "BatchReadBlobs of 100 blobs of 1 KiB", false, PrepareBatchReadAsync),
        new("batch-update-100x1k", "BatchUpdateBlobs of 100 new blobs of 1 KiB", true, PrepareBatchUpdateAsync),
        new("read-1k", "ByteStream.Read of 1 KiB, of 1,000 blobs", false, (client, random, token) => PrepareReadAsync(client, random, Small, Keys, token)),
        new("read-1m", "ByteStream.Read of 1 MiB, of 32 blobs", false, (client, random, token) => PrepareReadAsync(client, random, Large, 32, token)),
        new("read-64m", "ByteStream.Read of 64 MiB, of 2 blobs", false, (client, random, token) => PrepareReadAsync(client, random, Huge, 2, token)),
        new("write-1k", "ByteStream.Write of a new blob of 1 KiB", true, (_, _, _) => PrepareWriteAsync(Small)),
        new("write-1m", "ByteStream.Write of a new blob of 1 MiB", true, (_, _, _) => PrepareWriteAsync(Large)),
        new("build", "what a build does: look-ups, uploads and reads of small blobs, now and then one of 1 MiB", true, PrepareBuildAsync),
    ];

    private static async Task<Func<ReapiClient, Random, CancellationToken, Task<long>>> PrepareResultsAsync(ReapiClient client, Random random, CancellationToken cancellationToken)
    {
        ProbeBlob[] outputs = await AddAsync(client, random, Small, BatchBlobs, cancellationToken);
        var actions = new Reapi.Digest[Keys];
        ProbeBlob command = ProbeBlob.Of(new Reapi.Command { Arguments = { "true" } });
        await client.BatchUpdateAsync([command], cancellationToken);
        for (int i = 0; i < Keys; i++)
        {
            var salt = new byte[16];
            random.NextBytes(salt);
            ProbeBlob action = ProbeBlob.Of(new Reapi.Action { CommandDigest = command.Wire, InputRootDigest = new ProbeBlob([]).Wire, Salt = UnsafeByteOperations.UnsafeWrap(salt) });
            await client.BatchUpdateAsync([action], cancellationToken); // some servers want it
            var result = new Reapi.ActionResult { OutputFiles = { new Reapi.OutputFile { Path = "out", Digest = outputs[i % outputs.Length].Wire } }, ExecutionMetadata = new Reapi.ExecutedActionMetadata { Worker = "load" } };
            await client.UpdateResultAsync(action.Wire, result, cancellationToken);
            actions[i] = action.Wire;
        }

        return async (caller, order, token) =>
        {
            await caller.GetResultAsync(new Reapi.GetActionResultRequest { ActionDigest = actions[order.Next(Keys)] }, token);
            return 0;
        };
    }

    private static async Task<Func<ReapiClient, Random, CancellationToken, Task<long>>> PrepareFindingAsync(ReapiClient client, Random random, int count, CancellationToken cancellationToken)
    {
        ProbeBlob[] there = await AddAsync(client, random, Small, Math.Min(BatchBlobs, Math.Max(1, count / 2)), cancellationToken);
        Reapi.Digest[] digests = [.. there.Concat(Enumerable.Range(0, count - there.Length).Select(_ => ProbeBlob.Random(random, 16))).Select(blob => blob.Wire)];
        return async (caller, _, token) =>
        {
            await caller.FindMissingAsync(digests, token);
            return 0;
        };
    }

    private static async Task<Func<ReapiClient, Random, CancellationToken, Task<long>>> PrepareBatchReadAsync(ReapiClient client, Random random, CancellationToken cancellationToken)
    {
        Reapi.Digest[] digests = [.. (await AddAsync(client, random, Small, BatchBlobs, cancellationToken)).Select(blob => blob.Wire)];
        return async (caller, _, token) => (await caller.BatchReadAsync(digests, token)).Responses.Sum(response =>
            response.Status is { Code: not 0 } failed ? throw new RpcException((StatusCode)failed.Code, failed.Message) : (long)response.Data.Length);
    }

    private static Task<Func<ReapiClient, Random, CancellationToken, Task<long>>> PrepareBatchUpdateAsync(ReapiClient client, Random random, CancellationToken cancellationToken) =>
        Task.FromResult<Func<ReapiClient, Random, CancellationToken, Task<long>>>(async (caller, content, token) =>
        {
            await AddAsync(caller, content, Small, BatchBlobs, token);
            return BatchBlobs * Small;
        });

    private static async Task<Func<ReapiClient, Random, CancellationToken, Task<long>>> PrepareReadAsync(ReapiClient client, Random random, int length, int count, CancellationToken cancellationToken)
    {
        ProbeBlob[] blobs;
        if (length <= Small)
        {
            blobs = [.. (await Task.WhenAll(Enumerable.Range(0, count / BatchBlobs).Select(_ => AddAsync(client, random, length, BatchBlobs, cancellationToken)))).SelectMany(some => some)];
        }
        else
        {
            blobs = [.. Enumerable.Range(0, count).Select(_ => ProbeBlob.Random(random, length))];
            foreach (ProbeBlob blob in blobs)
                await client.UploadAsync(blob, cancellationToken, MessageBytes);
        }

        string[] names = [.. blobs.Select(blob => client.ReadName(blob))];
        return async (caller, order, token) =>
        {
            long read = await caller.DrainAsync(names[order.Next(names.Length)], token);
            return read == length ? read : throw new RpcException(StatusCode.DataLoss, $"{read} bytes came instead of {length}");
        };
    }

    private static Task<Func<ReapiClient, Random, CancellationToken, Task<long>>> PrepareWriteAsync(int length) =>
        Task.FromResult<Func<ReapiClient, Random, CancellationToken, Task<long>>>(async (caller, content, token) =>
        {
            await caller.UploadAsync(ProbeBlob.Random(content, length), token, MessageBytes);
            return length;
        });

    private static async Task<Func<ReapiClient, Random, CancellationToken, Task<long>>> PrepareBuildAsync(ReapiClient client, Random random, CancellationToken cancellationToken)
    {
        (Func<ReapiClient, Random, CancellationToken, Task<long>> Call, int Weight)[] parts =
        [
            (await PrepareResultsAsync(client, random, cancellationToken), 50),
            (await PrepareFindingAsync(client, random, 10, cancellationToken), 20),
            (await PrepareReadAsync(client, random, Small, Keys, cancellationToken), 18),
            (await PrepareWriteAsync(Small), 10),
            (await PrepareReadAsync(client, random, Large, 8, cancellationToken), 1),
            (await PrepareWriteAsync(Large), 1),
        ];
        return (caller, order, token) =>
        {
            int drawn = order.Next(parts.Sum(part => part.Weight));
            int i = 0;
            for (; drawn >= parts[i].Weight; i++)
                drawn -= parts[i].Weight;
            return parts[i].Call(caller, order, token);
        };
    }

    private static async Task<ProbeBlob[]> AddAsync(ReapiClient client, Random random, int length, int count, CancellationToken cancellationToken)
    {
        ProbeBlob[] blobs = [.. Enumerable.Range(0, count).Select(_ => ProbeBlob.Random(random, length))];
        Reapi.BatchUpdateBlobsResponse answer = await client.BatchUpdateAsync(blobs, cancellationToken);
        return answer.Responses.FirstOrDefault(response => response.Status is { Code: not 0 })?.Status is { } failed ? throw new RpcException((StatusCode)failed.Code, failed.Message) : blobs;
    }
}
