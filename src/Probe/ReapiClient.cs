using System.Globalization;
using Google.Bytestream;
using Google.Protobuf;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Probe;

/// <summary>The calls of the Remote Execution API, as any client makes them of any server: nothing is hidden, corrected or repeated. Thread-safe.</summary>
/// <param name="channel">To the server.</param>
/// <param name="instance">The instance that calls are about.</param>
public sealed class ReapiClient(RpcChannel channel, string instance)
{
    private const string Api = "/build.bazel.remote.execution.v2.";
    private const string Cas = Api + "ContentAddressableStorage/";
    private const string ByteStream = "/google.bytestream.ByteStream/";

    /// <summary>How long a call may take.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>The instance.</summary>
    public string Instance { get; } = instance;

    private RpcCallOptions Options => new() { Timeout = Patience };

    /// <summary>Asks what is offered.</summary>
    /// <exception cref="RpcException">The call failed.</exception>
    public Task<Reapi.ServerCapabilities> GetCapabilitiesAsync(CancellationToken cancellationToken) => CallAsync<Reapi.GetCapabilitiesRequest, Reapi.ServerCapabilities>(
        Api + "Capabilities/GetCapabilities", new Reapi.GetCapabilitiesRequest { InstanceName = Instance }, cancellationToken);

    /// <summary>The server's time of day, as the head of its answers tells; null if it does not.</summary>
    /// <exception cref="RpcException">The call failed.</exception>
    public async Task<DateTimeOffset?> GetServerDateAsync(CancellationToken cancellationToken)
    {
        var request = new Reapi.GetCapabilitiesRequest { InstanceName = Instance };
        await using RpcClientCall call = channel.Send(Api + "Capabilities/GetCapabilities", request, Options, cancellationToken);
        string? date = (await call.GetResponseHeadersAsync()).Get("date");
        return DateTimeOffset.TryParse(date, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset theirs) ? theirs : null;
    }

    /// <summary>Asks which of some blobs are absent.</summary>
    /// <exception cref="RpcException">The call failed.</exception>
    public async Task<IReadOnlyList<Reapi.Digest>> FindMissingAsync(IEnumerable<Reapi.Digest> digests, CancellationToken cancellationToken) =>
        (await FindMissingAsync(new Reapi.FindMissingBlobsRequest { InstanceName = Instance, BlobDigests = { digests } }, cancellationToken)).MissingBlobDigests;

    /// <summary>The same, with a request made by the caller.</summary>
    /// <exception cref="RpcException">The call failed.</exception>
    public Task<Reapi.FindMissingBlobsResponse> FindMissingAsync(Reapi.FindMissingBlobsRequest request, CancellationToken cancellationToken) =>
        CallAsync<Reapi.FindMissingBlobsRequest, Reapi.FindMissingBlobsResponse>(Cas + "FindMissingBlobs", request, cancellationToken);

    /// <summary>Uploads blobs in one call.</summary>
    /// <exception cref="RpcException">The call failed.</exception>
    public Task<Reapi.BatchUpdateBlobsResponse> BatchUpdateAsync(IEnumerable<ProbeBlob> blobs, CancellationToken cancellationToken) => BatchUpdateAsync(
        blobs.Select(blob => new Reapi.BatchUpdateBlobsRequest.Types.Request { Digest = blob.Wire, Data = UnsafeByteOperations.UnsafeWrap(blob.Content) }), cancellationToken);

    /// <summary>The same, with entries made by the caller.</summary>
    /// <exception cref="RpcException">The call failed.</exception>
    public Task<Reapi.BatchUpdateBlobsResponse> BatchUpdateAsync(IEnumerable<Reapi.BatchUpdateBlobsRequest.Types.Request> entries, CancellationToken cancellationToken) =>
        CallAsync<Reapi.BatchUpdateBlobsRequest, Reapi.BatchUpdateBlobsResponse>(
            Cas + "BatchUpdateBlobs", new Reapi.BatchUpdateBlobsRequest { InstanceName = Instance, Requests = { entries } }, cancellationToken);

    /// <summary>Reads blobs in one call.</summary>
    /// <param name="digests">The blobs.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="acceptable">The compressors besides identity that answers may use.</param>
    /// <exception cref="RpcException">The call failed.</exception>
    public Task<Reapi.BatchReadBlobsResponse> BatchReadAsync(
        IEnumerable<Reapi.Digest> digests, CancellationToken cancellationToken, params IEnumerable<Reapi.Compressor.Types.Value> acceptable) => CallAsync<Reapi.BatchReadBlobsRequest, Reapi.BatchReadBlobsResponse>(
            Cas + "BatchReadBlobs", new Reapi.BatchReadBlobsRequest { InstanceName = Instance, Digests = { digests }, AcceptableCompressors = { acceptable } }, cancellationToken);

    /// <summary>Asks for a tree of directories.</summary>
    /// <exception cref="RpcException">The call failed.</exception>
    public async Task<IReadOnlyList<Reapi.GetTreeResponse>> GetTreeAsync(Reapi.GetTreeRequest request, CancellationToken cancellationToken)
    {
        request.InstanceName = Instance;
        return await channel.ServerStreamAsync<Reapi.GetTreeRequest, Reapi.GetTreeResponse>(Cas + "GetTree", request, cancellationToken, Options).ToListAsync(cancellationToken);
    }

    /// <summary>Asks of which chunks a blob is made.</summary>
    /// <exception cref="RpcException">The call failed.</exception>
    public Task<Reapi.SplitBlobResponse> SplitAsync(Reapi.Digest blob, CancellationToken cancellationToken) =>
        CallAsync<Reapi.SplitBlobRequest, Reapi.SplitBlobResponse>(Cas + "SplitBlob", new Reapi.SplitBlobRequest { InstanceName = Instance, BlobDigest = blob }, cancellationToken);

    /// <summary>Makes a blob out of chunks.</summary>
    /// <exception cref="RpcException">The call failed.</exception>
    public Task<Reapi.SpliceBlobResponse> SpliceAsync(Reapi.Digest? blob, IEnumerable<Reapi.Digest> chunks, CancellationToken cancellationToken) => CallAsync<Reapi.SpliceBlobRequest, Reapi.SpliceBlobResponse>(
        Cas + "SpliceBlob", new Reapi.SpliceBlobRequest { InstanceName = Instance, BlobDigest = blob, ChunkDigests = { chunks } }, cancellationToken);

    /// <summary>The bytes that ByteStream.Read sends for a resource name.</summary>
    /// <exception cref="RpcException">The call failed.</exception>
    public async Task<byte[]> ReadAsync(string resourceName, CancellationToken cancellationToken, long offset = 0, long limit = 0)
    {
        using var content = new MemoryStream();
        var request = new ReadRequest { ResourceName = resourceName, ReadOffset = offset, ReadLimit = limit };
        await foreach (ReadResponse part in channel.ServerStreamAsync<ReadRequest, ReadResponse>(ByteStream + "Read", request, cancellationToken, Options))
            part.Data.WriteTo(content);
        return content.ToArray();
    }

    /// <summary>How many bytes ByteStream.Read sends for a resource name, none of which is kept.</summary>
    /// <exception cref="RpcException">The call failed.</exception>
    public async Task<long> DrainAsync(string resourceName, CancellationToken cancellationToken)
    {
        long length = 0;
        await foreach (ReadResponse part in channel.ServerStreamAsync<ReadRequest, ReadResponse>(ByteStream + "Read", new ReadRequest { ResourceName = resourceName }, cancellationToken, Options))
            length += part.Data.Length;
        return length;
    }

    /// <summary>Sends messages of ByteStream.Write, half-closes and gives the committed size of the answer.</summary>
    /// <exception cref="RpcException">The call failed.</exception>
    public async Task<long> WriteAsync(IEnumerable<WriteRequest> messages, CancellationToken cancellationToken)
    {
        await using RpcClientCall call = channel.Open(ByteStream + "Write", Options, cancellationToken);
        foreach (WriteRequest message in messages)
        {
            if (!await call.WriteAsync(message))
                break; // the server has answered: the answer tells how
        }

        await call.CompleteRequestsAsync();
        WriteResponse answer = await call.ReadAsync<WriteResponse>() ?? throw new RpcException(StatusCode.Internal, "Write ended well without an answer");
        await call.MoveNextAsync();
        return answer.CommittedSize;
    }

    /// <summary>Uploads a blob by ByteStream.Write, in messages of a length.</summary>
    /// <exception cref="RpcException">The call failed.</exception>
    public Task<long> UploadAsync(ProbeBlob blob, CancellationToken cancellationToken, int messageBytes = 64 * 1024) =>
        WriteAsync(Messages(UploadName(blob), blob.Content, messageBytes), cancellationToken);

    /// <summary>Where an upload stands.</summary>
    /// <exception cref="RpcException">The call failed.</exception>
    public Task<QueryWriteStatusResponse> QueryAsync(string resourceName, CancellationToken cancellationToken) => CallAsync<QueryWriteStatusRequest, QueryWriteStatusResponse>(
        ByteStream + "QueryWriteStatus", new QueryWriteStatusRequest { ResourceName = resourceName }, cancellationToken);

    /// <summary>Asks for the result of an action.</summary>
    /// <exception cref="RpcException">The call failed; NOT_FOUND for a miss.</exception>
    public Task<Reapi.ActionResult> GetResultAsync(Reapi.GetActionResultRequest request, CancellationToken cancellationToken)
    {
        request.InstanceName = Instance;
        return CallAsync<Reapi.GetActionResultRequest, Reapi.ActionResult>(Api + "ActionCache/GetActionResult", request, cancellationToken);
    }

    /// <summary>Keeps the result of an action.</summary>
    /// <exception cref="RpcException">The call failed.</exception>
    public Task<Reapi.ActionResult> UpdateResultAsync(Reapi.Digest? action, Reapi.ActionResult result, CancellationToken cancellationToken) => CallAsync<Reapi.UpdateActionResultRequest, Reapi.ActionResult>(
        Api + "ActionCache/UpdateActionResult", new Reapi.UpdateActionResultRequest { InstanceName = Instance, ActionDigest = action, ActionResult = result }, cancellationToken);

    /// <summary>The name under which a blob is read.</summary>
    public string ReadName(ProbeBlob blob, Reapi.Compressor.Types.Value compressor = Reapi.Compressor.Types.Value.Identity) => ResourceName.FormatRead(blob.In(Instance), compressor);

    /// <summary>A name under which a blob is uploaded, another one each time.</summary>
    public string UploadName(ProbeBlob blob, Reapi.Compressor.Types.Value compressor = Reapi.Compressor.Types.Value.Identity) =>
        ResourceName.FormatWrite(blob.In(Instance), Guid.NewGuid().ToString(), compressor);

    /// <summary>The messages of an upload: the first has its name, the last ends it.</summary>
    public static IEnumerable<WriteRequest> Messages(string resourceName, ReadOnlyMemory<byte> content, int messageBytes)
    {
        int offset = 0;
        do
        {
            int length = Math.Min(messageBytes, content.Length - offset);
            yield return new WriteRequest
            {
                ResourceName = offset == 0 ? resourceName : "",
                WriteOffset = offset,
                Data = UnsafeByteOperations.UnsafeWrap(content.Slice(offset, length)),
                FinishWrite = offset + length == content.Length,
            };
            offset += length;
        }
        while (offset < content.Length);
    }

    private Task<TResponse> CallAsync<TRequest, TResponse>(string method, TRequest request, CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>, new() =>
        channel.UnaryAsync<TRequest, TResponse>(method, request, cancellationToken, Options);
}
