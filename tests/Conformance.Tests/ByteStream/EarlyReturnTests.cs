using Google.Bytestream;
using Google.Protobuf;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.TestKit;

namespace RemoteExec.Conformance.Tests.ByteStream;

public sealed class EarlyReturnTests
{
    private const int MiB = 1024 * 1024;

    private static string NameOf(TestBlob blob, string id = "id") => ResourceName.FormatWrite(blob.Digest, id);

    private static WriteRequest Message(TestBlob blob, int from, int to, string name = "", bool finish = false) =>
        new() { ResourceName = name, WriteOffset = from, Data = ByteString.CopyFrom(blob.Content, from, to - from), FinishWrite = finish };

    [Theory]
    [Rule("BSW-07")]
    [Rule("CAS-13")]
    [Rule("Q-06")]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(50)]
    [InlineData(100)]
    public async Task A_blob_that_is_there_is_told_at_the_first_message_whatever_its_offset(int offset)
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = await server.AddAsync(TestBlob.Random(1, 100));
        await using RpcClientCall call = server.OpenWrite();

        await CasServer.SendAsync(call, Message(blob, offset, offset, NameOf(blob)));

        Assert.Equal(100, await CasServer.AnswerAsync(call));
    }

    [Theory]
    [Rule("BSW-07")]
    [InlineData(0)]
    [InlineData(70)]
    public async Task A_blob_that_another_upload_brings_meanwhile_ends_this_one(int next)
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = TestBlob.Random(2, 100);
        await using RpcClientCall call = server.OpenWrite();
        await CasServer.SendAsync(call, Message(blob, 0, 50, NameOf(blob)));
        await UntilCommittedAsync(server, NameOf(blob), 50);

        await server.AddAsync(blob);
        await CasServer.SendAsync(call, Message(blob, 50, Math.Max(50, next)));

        Assert.Equal(100, await CasServer.AnswerAsync(call));
        Assert.Equal(new QueryWriteStatusResponse { CommittedSize = 100, Complete = true }, await server.QueryAsync(NameOf(blob)));
    }

    [Fact]
    [Rule("BSW-07")]
    [Rule("BSW-12")]
    public async Task An_upload_that_finishes_second_succeeds_too()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = TestBlob.Random(3, 100);
        await using RpcClientCall call = server.OpenWrite();
        await CasServer.SendAsync(call, Message(blob, 0, 50, NameOf(blob)));
        await UntilCommittedAsync(server, NameOf(blob), 50);

        await server.AddAsync(blob);
        await CasServer.SendAsync(call, Message(blob, 50, 100, finish: true));
        await call.CompleteRequestsAsync();

        Assert.Equal(100, await CasServer.AnswerAsync(call));
    }

    [Fact]
    [Rule("BSW-07")]
    public async Task Many_early_ends_do_not_use_up_the_windows_of_a_connection()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = await server.AddAsync(TestBlob.Random(4, 32 * MiB));

        // 40 uploads push 4 MiB each into a connection whose window is 16 MiB, and none is read to its end.
        await Parallel.ForEachAsync(Enumerable.Range(0, 40), CasServer.Token, async (i, token) =>
        {
            await using RpcClientCall call = server.OpenWrite();
            await CasServer.SendAsync(call, Enumerable.Range(0, 4).Select(j => Message(blob, j * MiB, (j + 1) * MiB, j == 0 ? NameOf(blob, $"id{i}") : "")));
            Assert.Equal(32 * MiB, await CasServer.AnswerAsync(call));
        });

        TestBlob fresh = TestBlob.Random(5, 20 * MiB);
        await server.WriteAsync(Enumerable.Range(0, 20).Select(
            i => Message(fresh, i * MiB, (i + 1) * MiB, i == 0 ? NameOf(fresh) : "", finish: i == 19)));
        Assert.True(await server.HasAsync(fresh));
    }

    private static async Task UntilCommittedAsync(CasServer server, string name, long size)
    {
        while ((await server.QueryAsync(name)).CommittedSize != size)
            await Task.Yield();
    }
}
