using System.Buffers;
using Google.Protobuf;
using RemoteExec.Cas;
using RemoteExec.Cas.Services;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Rpc.Server;
using RemoteExec.TestKit;
using Compressor = Build.Bazel.Remote.Execution.V2.Compressor.Types.Value;

namespace RemoteExec.Conformance.Tests.Cas;

/// <summary>What a store that is another server makes of that server's answers about small blobs.</summary>
public sealed class RemoteStoreBatchTests
{
    private static readonly TestBlob blob = TestBlob.Random(1, 100);
    private static readonly TestBlob other = TestBlob.Random(2, 100);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> BadAnswers { get; } = ["nothing", "cut", "two", "another", "short", "long", "compressed", "status", "no digest"];

    [Theory]
    [MemberData(nameof(BadAnswers))]
    public async Task A_read_that_is_answered_with_nonsense_fails(string kind)
    {
        await using InProcessServer server = await AnswerAsync("BatchReadBlobs", Bad(kind));

        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await StoreOf(server).OpenReadAsync(blob.Digest, 0, Token));
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("cut")]
    [InlineData("two")]
    [InlineData("another")]
    public async Task A_write_that_is_answered_with_nonsense_fails(string kind)
    {
        await using InProcessServer server = await AnswerAsync("BatchUpdateBlobs", Bad(kind));

        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await StoreOf(server).WriteAllAsync(blob.Digest, blob.Content, Token));
    }

    [Fact]
    [Rule("CAS-12")]
    public async Task Why_a_blob_was_not_taken_is_told_by_its_status()
    {
        foreach ((Rpc.StatusCode code, Type expected) in new[]
        {
            (Rpc.StatusCode.InvalidArgument, typeof(BlobMismatchException)), (Rpc.StatusCode.ResourceExhausted, typeof(StoreFullException)), (Rpc.StatusCode.Unavailable, typeof(StoreUnavailableException)),
        })
        {
            var answer = new Reapi.BatchUpdateBlobsResponse
            {
                Responses = { new Reapi.BatchUpdateBlobsResponse.Types.Response { Digest = blob.Digest.ToProto(), Status = new Google.Rpc.Status { Code = (int)code, Message = "no" } } },
            };
            await using InProcessServer server = await AnswerAsync("BatchUpdateBlobs", answer.ToByteArray());

            await Assert.ThrowsAsync(expected, async () => await StoreOf(server).WriteAllAsync(blob.Digest, blob.Content, Token));
        }
    }

    [Fact]
    public async Task A_server_that_knows_streams_alone_will_do()
    {
        var kept = new MemoryStore(1 << 20);
        await using var sessions = new UploadSessions(new UploadSessionsOptions(), TimeProvider.System);
        await using InProcessServer server = await InProcessServer.StartAsync(new ByteStreamService(kept, sessions, new CasLimits()).ToRpcService());
        RemoteStore store = StoreOf(server);

        Assert.Null(await store.OpenReadAsync(blob.Digest, 0, Token));
        await store.WriteAllAsync(blob.Digest, blob.Content, Token);

        Assert.Equal(blob.Content, await store.ReadAllAsync(blob.Digest, 100, Token));
        Assert.True(await kept.ContainsAsync(blob.Digest, Token));
    }

    private static RemoteStore StoreOf(InProcessServer server) => new(server.Channel, TimeSpan.Zero, TimeProvider.System);

    private static byte[] Bad(string kind)
    {
        Reapi.BatchReadBlobsResponse.Types.Response good = new() { Digest = blob.Digest.ToProto(), Data = ByteString.CopyFrom(blob.Content) };
        Reapi.BatchReadBlobsResponse answer = new() { Responses = { good } };
        switch (kind)
        {
            case "nothing": answer.Responses.Clear(); break;
            case "cut": return answer.ToByteArray()[..^1];
            case "two": answer.Responses.Add(good.Clone()); break;
            case "another": good.Digest = other.Digest.ToProto(); break;
            case "short": good.Data = ByteString.CopyFrom(blob.Content.AsSpan(1)); break;
            case "long": good.Data = ByteString.CopyFrom([.. blob.Content, 1]); break;
            case "compressed": good.Compressor = Compressor.Zstd; break;
            case "status": good.Status = new Google.Rpc.Status { Code = (int)Rpc.StatusCode.Internal, Message = "broken" }; break;
            case "no digest": good.Digest = null; break;
        }

        return answer.ToByteArray();
    }

    private static Task<InProcessServer> AnswerAsync(string method, byte[] answer) =>
        InProcessServer.StartAsync(new RpcService(Reapi.RemoteExecutionReflection.Descriptor, "ContentAddressableStorage").Raw(method, async call =>
        {
            await call.Requests.ReadSingleAsync(call.CancellationToken);
            call.Responses.Start(answer.Length);
            call.Responses.Write(answer);
        }));
}
