using Google.Bytestream;
using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Services;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.Rpc.Server;
using RemoteExec.TestKit;

namespace RemoteExec.Conformance.Tests;

/// <summary>A server of the CAS, with the calls that tests make of it.</summary>
internal sealed class CasServer : IAsyncDisposable
{
    private const string Cas = "/build.bazel.remote.execution.v2.ContentAddressableStorage/";
    private const string ByteStream = "/google.bytestream.ByteStream/";
    private readonly InProcessServer server;
    private readonly UploadSessions sessions;

    private CasServer(InProcessServer server, IBlobStore store, UploadSessions sessions)
    {
        this.server = server;
        this.sessions = sessions;
        Store = store;
    }

    /// <summary>The store behind the services, as the server composes it.</summary>
    public IBlobStore Store { get; }

    public RpcChannel Channel => server.Channel;

    public Uri Address => server.Address;

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public static Task<CasServer> StartAsync(
        CasLimits? limits = null, UploadSessionsOptions? uploads = null, TimeProvider? time = null, Func<IBlobStore, IBlobStore>? wrap = null)
    {
        IBlobStore media = new MemoryStore(256 * 1024 * 1024);
        return StartOverAsync(new ChunkedStore(wrap is null ? media : wrap(media)), limits, uploads, time);
    }

    /// <summary>A server over a store that keeps recipes.</summary>
    public static Task<CasServer> StartOverAsync(ChunkedStore chunked, CasLimits? limits = null, UploadSessionsOptions? uploads = null, TimeProvider? time = null) =>
        StartOverAsync(new EmptyBlobStore(new VerifyingStore(chunked)), chunked, limits, uploads, time);

    /// <summary>A server over a store that does not.</summary>
    public static Task<CasServer> StartOverAsync(IBlobStore store, CasLimits? limits = null, UploadSessionsOptions? uploads = null, TimeProvider? time = null) =>
        StartOverAsync(store, null, limits, uploads, time);

    private static async Task<CasServer> StartOverAsync(
        IBlobStore store, ChunkedStore? chunked, CasLimits? limits, UploadSessionsOptions? uploads, TimeProvider? time)
    {
        var sessions = new UploadSessions(uploads ?? new UploadSessionsOptions(), time ?? TimeProvider.System);
        RpcService[] services =
        [
            new CasService(store, chunked, limits ?? new CasLimits()).ToRpcService(),
            new ByteStreamService(store, sessions, limits ?? new CasLimits()).ToRpcService(),
            new CapabilitiesService(new ServerFeatures { Limits = limits ?? new CasLimits() }).ToRpcService(),
        ];
        return new CasServer(await InProcessServer.StartAsync(services), store, sessions);
    }

    public static Reapi.Digest Wire(TestBlob blob) => blob.Digest.ToProto();

    public async Task<TestBlob> AddAsync(TestBlob blob)
    {
        await Store.WriteAllAsync(blob.Digest, blob.Content, Token);
        return blob;
    }

    public Task<bool> HasAsync(TestBlob blob) => Store.ContainsAsync(blob.Digest, Token).AsTask();

    public Task<Reapi.FindMissingBlobsResponse> FindMissingAsync(Reapi.FindMissingBlobsRequest request) =>
        Channel.UnaryAsync<Reapi.FindMissingBlobsRequest, Reapi.FindMissingBlobsResponse>(Cas + "FindMissingBlobs", request, Token);

    public Task<Reapi.BatchUpdateBlobsResponse> BatchUpdateAsync(Reapi.BatchUpdateBlobsRequest request) =>
        Channel.UnaryAsync<Reapi.BatchUpdateBlobsRequest, Reapi.BatchUpdateBlobsResponse>(Cas + "BatchUpdateBlobs", request, Token);

    public Task<Reapi.BatchReadBlobsResponse> BatchReadAsync(Reapi.BatchReadBlobsRequest request) =>
        Channel.UnaryAsync<Reapi.BatchReadBlobsRequest, Reapi.BatchReadBlobsResponse>(Cas + "BatchReadBlobs", request, Token);

    public async Task<List<Reapi.GetTreeResponse>> GetTreeAsync(Reapi.GetTreeRequest request)
    {
        var pages = new List<Reapi.GetTreeResponse>();
        await foreach (Reapi.GetTreeResponse page in Channel.ServerStreamAsync<Reapi.GetTreeRequest, Reapi.GetTreeResponse>(Cas + "GetTree", request, Token))
            pages.Add(page);
        return pages;
    }

    public async Task<List<ReadResponse>> ReadMessagesAsync(ReadRequest request, RpcMetadata? headers = null)
    {
        var messages = new List<ReadResponse>();
        await foreach (ReadResponse message in Channel.ServerStreamAsync<ReadRequest, ReadResponse>(
            ByteStream + "Read", request, Token, new RpcCallOptions { Headers = headers }))
            messages.Add(message);
        return messages;
    }

    public async Task<byte[]> ReadAsync(ReadRequest request, RpcMetadata? headers = null) =>
        [.. (await ReadMessagesAsync(request, headers)).SelectMany(message => message.Data)];

    public Task<byte[]> ReadAsync(string resourceName, long offset = 0, long limit = 0) =>
        ReadAsync(new ReadRequest { ResourceName = resourceName, ReadOffset = offset, ReadLimit = limit });

    public RpcClientCall OpenWrite(RpcMetadata? headers = null) => Channel.Open(ByteStream + "Write", new RpcCallOptions { Headers = headers }, Token);

    /// <summary>Sends messages, half-closes and gives the committed size of the answer.</summary>
    public async Task<long> WriteAsync(params IEnumerable<WriteRequest> messages)
    {
        await using RpcClientCall call = OpenWrite();
        await SendAsync(call, messages);
        await call.CompleteRequestsAsync();
        return await AnswerAsync(call);
    }

    /// <summary>Sends messages; a server that has answered meanwhile reads no more of them.</summary>
    public static async Task SendAsync(RpcClientCall call, params IEnumerable<WriteRequest> messages)
    {
        foreach (WriteRequest message in messages)
        {
            if (!await call.WriteAsync(message))
                return; // the answer tells why
        }
    }

    /// <summary>Waits for the answer of a Write.</summary>
    public static async Task<long> AnswerAsync(RpcClientCall call)
    {
        WriteResponse? response = await call.ReadAsync<WriteResponse>();
        Assert.NotNull(response);
        Assert.Null(await call.ReadAsync<WriteResponse>());
        return response.CommittedSize;
    }

    public Task<QueryWriteStatusResponse> QueryAsync(string resourceName) => Channel.UnaryAsync<QueryWriteStatusRequest, QueryWriteStatusResponse>(
        ByteStream + "QueryWriteStatus", new QueryWriteStatusRequest { ResourceName = resourceName }, Token);

    public static async Task<RpcStatus> StatusOfAsync(Task call) => (await Assert.ThrowsAsync<RpcException>(() => call)).Status;

    public static async Task AssertRefusedAsync(StatusCode code, Task call) => Assert.Equal(code, (await StatusOfAsync(call)).Code);

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        await sessions.DisposeAsync();
    }
}
