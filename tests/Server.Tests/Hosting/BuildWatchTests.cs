using Google.Protobuf;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Hosting;
using RemoteExec.TestKit;

namespace RemoteExec.Server.Tests.Hosting;

/// <summary>A whole server knows its builds by their calls, and keeps what they touch.</summary>
public sealed class BuildWatchTests : IDisposable
{
    private readonly TemporaryDirectory data = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => data.Dispose();

    [Theory]
    [Rule("RMD-01")]
    [Rule("CAS-02")]
    [InlineData("", true)]
    [InlineData("builds.percent=0", false)]
    [InlineData("builds.quietTime=0", false)]
    public async Task What_an_invocation_looked_up_once_is_there_after_more_uploads_than_there_is_room_for(string setting, bool isKept)
    {
        await using RunningServer server = await TestServers.StartAsync(data, ["maxSize=8MiB", .. setting.Length > 0 ? [setting] : Array.Empty<string>()]);
        await using RpcChannel channel = TestServers.Connect(server);
        TestBlob[] looked = [.. Enumerable.Range(0, 5).Select(i => TestBlob.Random(i, 1000))], written = [.. Enumerable.Range(5, 5).Select(i => TestBlob.Random(i, 1000))];
        await UploadAsync(channel, null, looked);
        Assert.Empty(await MissingAsync(channel, "invocation", looked));
        await UploadAsync(channel, "invocation", written);

        // Three times through the store: what was used is copied once, and gone the second time, unless it is kept for somebody.
        for (int i = 100; i < 124; i++)
            await UploadAsync(channel, null, [.. Enumerable.Range(0, 10).Select(n => TestBlob.Random(i * 10 + n, 100_000))]);

        Assert.Equal(isKept, (await MissingAsync(channel, null, [.. looked, .. written])).Count == 0);
    }

    private static async Task UploadAsync(RpcChannel channel, string? invocation, TestBlob[] blobs)
    {
        var request = new Reapi.BatchUpdateBlobsRequest
        {
            Requests = { blobs.Select(blob => new Reapi.BatchUpdateBlobsRequest.Types.Request { Digest = blob.Digest.ToProto(), Data = UnsafeByteOperations.UnsafeWrap(blob.Content) }) },
        };
        Reapi.BatchUpdateBlobsResponse response = await channel.UnaryAsync<Reapi.BatchUpdateBlobsRequest, Reapi.BatchUpdateBlobsResponse>(
            "/build.bazel.remote.execution.v2.ContentAddressableStorage/BatchUpdateBlobs", request, Token, Options(invocation));
        Assert.All(response.Responses, one => Assert.Equal(0, one.Status?.Code ?? 0));
    }

    private static async Task<IReadOnlyList<Reapi.Digest>> MissingAsync(RpcChannel channel, string? invocation, TestBlob[] blobs)
    {
        var request = new Reapi.FindMissingBlobsRequest { BlobDigests = { blobs.Select(blob => blob.Digest.ToProto()) } };
        Reapi.FindMissingBlobsResponse response = await channel.UnaryAsync<Reapi.FindMissingBlobsRequest, Reapi.FindMissingBlobsResponse>(
            "/build.bazel.remote.execution.v2.ContentAddressableStorage/FindMissingBlobs", request, Token, Options(invocation));
        return response.MissingBlobDigests;
    }

    private static RpcCallOptions Options(string? invocation)
    {
        var headers = new RpcMetadata();
        if (invocation is not null)
            headers.AddBinary(RequestMetadataHeader.Name, new Reapi.RequestMetadata { ToolInvocationId = invocation }.ToByteArray());
        return new RpcCallOptions { Headers = headers };
    }
}
