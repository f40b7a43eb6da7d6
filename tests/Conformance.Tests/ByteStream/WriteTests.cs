using Google.Bytestream;
using Google.Protobuf;
using RemoteExec.Cas;
using RemoteExec.Cas.Services;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.TestKit;

namespace RemoteExec.Conformance.Tests.ByteStream;

public sealed class WriteTests
{
    private const int MiB = 1024 * 1024;

    private static string NameOf(TestBlob blob, string id = "0b8d5a36-9d0d-4a7c-9c5b-0d2f3c7e1a55") => ResourceName.FormatWrite(blob.Digest, id);

    private static WriteRequest Message(TestBlob blob, int from, int to, bool finish = false, string name = "") => new()
    {
        ResourceName = name,
        WriteOffset = from,
        Data = ByteString.CopyFrom(blob.Content, from, to - from),
        FinishWrite = finish,
    };

    private static IEnumerable<WriteRequest> Messages(TestBlob blob, int chunk, string? name = null, int from = 0)
    {
        string first = name ?? NameOf(blob);
        do
        {
            int to = Math.Min(from + chunk, blob.Content.Length);
            yield return Message(blob, from, to, to == blob.Content.Length, first);
            first = "";
            from = to;
        }
        while (from < blob.Content.Length);
    }

    [Theory]
    [Rule("RES-03")]
    [Rule("BSW-01")]
    [Rule("BSW-06")]
    [Rule("Q-06")]
    [Rule("Q-32")]
    [InlineData(1, 1)]
    [InlineData(1000, 1000)]
    [InlineData(1000, 1)]
    [InlineData(100_000, 16 * 1024)]
    [InlineData(5 * MiB, MiB)]
    [InlineData(9 * MiB, 4_000_000)]
    public async Task What_was_written_in_messages_is_stored_whole(int length, int chunk)
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = TestBlob.Random(1, length);

        Assert.Equal(length, await server.WriteAsync(Messages(blob, chunk)));

        Assert.Equal(blob.Content, await server.Store.ReadAllAsync(blob.Digest, 10 * MiB, CasServer.Token));
    }

    [Theory]
    [Rule("DIG-03")]
    [Rule("BSW-11")]
    [Rule("Q-32")]
    [InlineData("")]
    [InlineData("main")]
    public async Task The_empty_blob_is_written_as_one_message_without_data(string instance)
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = TestBlob.Of([], instance);

        Assert.Equal(0, await server.WriteAsync(new WriteRequest { ResourceName = NameOf(blob), FinishWrite = true }));
        Assert.Equal(new QueryWriteStatusResponse { Complete = true }, await server.QueryAsync(NameOf(blob)));
    }

    [Fact]
    [Rule("BSW-11")]
    public async Task Messages_without_data_are_welcome_anywhere()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = TestBlob.Random(2, 100);

        long committed = await server.WriteAsync(
            Message(blob, 0, 0, name: NameOf(blob)), Message(blob, 0, 0), Message(blob, 0, 60), Message(blob, 60, 60), Message(blob, 60, 100), Message(blob, 100, 100, finish: true));

        Assert.Equal(100, committed);
        Assert.True(await server.HasAsync(blob));
    }

    [Fact]
    [Rule("BSW-01")]
    public async Task The_name_may_be_repeated_and_nothing_else_may_stand_there()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = TestBlob.Random(3, 100);

        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, server.WriteAsync(
            Message(blob, 0, 60, name: NameOf(blob, "a")), Message(blob, 60, 100, finish: true, name: NameOf(blob, "b"))));
        Assert.Equal(100, await server.WriteAsync(
            Message(blob, 0, 60, name: NameOf(blob, "c")), Message(blob, 60, 100, finish: true, name: NameOf(blob, "c"))));
    }

    [Fact]
    [Rule("BSW-01")]
    public async Task An_upload_without_a_name_or_a_message_is_INVALID_ARGUMENT()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = TestBlob.Random(4, 100);

        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, server.WriteAsync(Message(blob, 0, 100, finish: true)));
        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, server.WriteAsync());
    }

    [Theory]
    [Rule("BSW-02")]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(-1)]
    [InlineData(long.MaxValue)]
    public async Task A_new_upload_begins_at_0(long offset)
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = TestBlob.Random(5, 100);
        WriteRequest message = Message(blob, 0, 50, name: NameOf(blob));
        message.WriteOffset = offset;

        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, server.WriteAsync(message));
    }

    [Theory]
    [Rule("BSW-02")]
    [InlineData(0)]
    [InlineData(59)]
    [InlineData(61)]
    [InlineData(-60)]
    public async Task A_message_begins_where_the_one_before_ended(long offset)
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = TestBlob.Random(6, 100);
        WriteRequest second = Message(blob, 60, 100, finish: true);
        second.WriteOffset = offset;

        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, server.WriteAsync(Message(blob, 0, 60, name: NameOf(blob)), second));

        Assert.False(await server.HasAsync(blob));
    }

    [Theory]
    [Rule("BSW-03")]
    [InlineData(100)]
    [InlineData(30)]
    public async Task Nothing_may_follow_finish_write(int chunk)
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = TestBlob.Random(7, 100);

        await CasServer.AssertRefusedAsync(
            StatusCode.InvalidArgument, server.WriteAsync([.. Messages(blob, chunk), Message(blob, 100, 100)]));
    }

    [Fact]
    [Rule("BSW-03")]
    public async Task A_client_that_waits_before_it_half_closes_is_answered()
    {
        var time = new ManualTimeProvider();
        await using CasServer server = await CasServer.StartAsync(time: time);
        TestBlob blob = TestBlob.Random(8, 100);
        int idleTimers = time.WaitingTimers;
        await using RpcClientCall call = server.OpenWrite();
        await CasServer.SendAsync(call, Messages(blob, 100));

        while (time.WaitingTimers == idleTimers)
            await Task.Yield();
        time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(100, await CasServer.AnswerAsync(call));
    }

    [Theory]
    [Rule("BSW-05")]
    [Rule("CAS-14")]
    [InlineData(100)]
    [InlineData(30)]
    public async Task Content_of_another_hash_is_INVALID_ARGUMENT_and_leaves_nothing(int chunk)
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = TestBlob.Random(9, 100);
        TestBlob other = TestBlob.Random(10, 100);

        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, server.WriteAsync(Messages(other, chunk, NameOf(blob))));

        Assert.False(await server.HasAsync(blob));
        Assert.False(await server.HasAsync(other));
        Assert.Equal(new QueryWriteStatusResponse(), await server.QueryAsync(NameOf(blob)));
        Assert.Equal(100, await server.WriteAsync(Messages(blob, chunk)));
    }

    [Theory]
    [Rule("BSW-05")]
    [Rule("DIG-02")]
    [InlineData(0)]
    [InlineData(50)]
    [InlineData(99)]
    public async Task A_finish_before_the_end_is_INVALID_ARGUMENT(int length)
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = TestBlob.Random(11, 100);

        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, server.WriteAsync(Message(blob, 0, length, finish: true, name: NameOf(blob))));

        Assert.False(await server.HasAsync(blob));
        Assert.Equal(0, (await server.QueryAsync(NameOf(blob))).CommittedSize);
    }

    [Fact]
    [Rule("DIG-02")]
    [Rule("Q-09")]
    public async Task Size_0_under_another_hash_can_not_be_written()
    {
        await using CasServer server = await CasServer.StartAsync();
        string name = $"uploads/id/blobs/{TestBlob.Random(12, 100).Digest.Hash}/0";

        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, server.WriteAsync(new WriteRequest { ResourceName = name, FinishWrite = true }));
    }

    [Theory]
    [Rule("BSW-14")]
    [InlineData(0)]
    [InlineData(60)]
    public async Task More_data_than_announced_is_INVALID_ARGUMENT_at_once(int before)
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = TestBlob.Random(13, 100);
        await using RpcClientCall call = server.OpenWrite();
        string name = NameOf(blob);
        if (before > 0)
        {
            await CasServer.SendAsync(call, Message(blob, 0, before, name: name));
            name = "";
        }

        await CasServer.SendAsync(call, new WriteRequest { ResourceName = name, WriteOffset = before, Data = ByteString.CopyFrom(new byte[101 - before]) });

        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, CasServer.AnswerAsync(call));
    }

    [Fact]
    [Rule("BSW-15")]
    [Rule("CAS-12")]
    public async Task A_blob_over_the_limit_is_INVALID_ARGUMENT_from_the_first_message()
    {
        await using CasServer server = await CasServer.StartAsync(new CasLimits { MaxBlobBytes = 1000 });
        TestBlob tooLong = TestBlob.Random(14, 1001);
        await using RpcClientCall call = server.OpenWrite();

        await CasServer.SendAsync(call, Message(tooLong, 0, 1, name: NameOf(tooLong)));

        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, CasServer.AnswerAsync(call));
        Assert.Equal(1000, await server.WriteAsync(Messages(TestBlob.Random(15, 1000), 1000)));
    }

    [Theory]
    [Rule("BSW-15")]
    [InlineData(StoreOperation.OpenWrite, 100)]
    [InlineData(StoreOperation.OpenWrite, 30)]
    [InlineData(StoreOperation.Write, 30)]
    [InlineData(StoreOperation.Commit, 100)]
    [InlineData(StoreOperation.Commit, 30)]
    public async Task No_room_is_RESOURCE_EXHAUSTED_and_a_fault_UNAVAILABLE(StoreOperation operation, int chunk)
    {
        FaultyStore faulty = null!;
        await using CasServer server = await CasServer.StartAsync(wrap: media => faulty = new FaultyStore(media));
        TestBlob blob = TestBlob.Random(16, 100);

        faulty.Fail(operation, () => new StoreFullException("disk", 100, "make room"));
        await CasServer.AssertRefusedAsync(StatusCode.ResourceExhausted, server.WriteAsync(Messages(blob, chunk)));
        faulty.Fail(operation, () => new StoreUnavailableException("disk", new IOException("no")));
        await CasServer.AssertRefusedAsync(StatusCode.Unavailable, server.WriteAsync(Messages(blob, chunk)));
        faulty.Before = null;

        Assert.False(await server.HasAsync(blob));
        Assert.Equal(100, await server.WriteAsync(Messages(blob, chunk)));
    }

    [Theory]
    [Rule("BSW-12")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Uploads_of_one_blob_at_a_time_all_succeed(bool underOneName)
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = TestBlob.Random(17, 300_000);

        long[] sizes = await Task.WhenAll(Enumerable.Range(0, 8).Select(
            i => server.WriteAsync(Messages(blob, 10_000, NameOf(blob, underOneName ? "id" : $"id{i}")))));

        Assert.All(sizes, size => Assert.Equal(300_000, size));
        Assert.Equal(blob.Content, await server.Store.ReadAllAsync(blob.Digest, MiB, CasServer.Token));
    }

    [Fact]
    [Rule("RES-08")]
    public async Task One_id_may_be_used_for_several_blobs_at_a_time()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob[] blobs = [.. Enumerable.Range(0, 5).Select(i => TestBlob.Random(20 + i, 5000))];

        await Task.WhenAll(blobs.Select(blob => server.WriteAsync(Messages(blob, 100, NameOf(blob, "one")))));

        foreach (TestBlob blob in blobs)
            Assert.True(await server.HasAsync(blob));
    }

    [Fact]
    public async Task A_message_that_is_no_WriteRequest_is_INVALID_ARGUMENT()
    {
        await using CasServer server = await CasServer.StartAsync();
        await using RpcClientCall call = server.OpenWrite();
        Rpc.Framing.MessageWriter requests = await call.GetRequestsAsync();
        byte[] garbage = [0x0A, 0x7F, 0x00];
        requests.Start(garbage.Length);
        garbage.CopyTo(requests.GetSpan(garbage.Length));
        requests.Advance(garbage.Length);
        await call.FlushAsync();

        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, CasServer.AnswerAsync(call));
    }
}
