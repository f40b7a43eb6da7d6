using Google.Bytestream;
using Google.Protobuf;
using RemoteExec.Cas;
using RemoteExec.Cas.Services;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.TestKit;

namespace RemoteExec.Conformance.Tests.ByteStream;

public sealed class ResumeTests
{
    private static string NameOf(TestBlob blob, string id = "id") => ResourceName.FormatWrite(blob.Digest, id);

    private static WriteRequest Message(TestBlob blob, int from, int to, bool finish = false, string? name = null) =>
        new() { ResourceName = name ?? NameOf(blob), WriteOffset = from, Data = ByteString.CopyFrom(blob.Content, from, to - from), FinishWrite = finish };

    [Fact]
    [Rule("BSW-04")]
    [Rule("BSW-13")]
    [Rule("BSQ-01")]
    [Rule("BSQ-03")]
    [Rule("Q-07")]
    public async Task A_half_closed_upload_tells_how_far_it_got_and_is_continued_there()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = TestBlob.Random(1, 100);

        Assert.Equal(40, await server.WriteAsync(Message(blob, 0, 40)));
        Assert.Equal(new QueryWriteStatusResponse { CommittedSize = 40 }, await server.QueryAsync(NameOf(blob)));
        Assert.Equal(90, await server.WriteAsync(Message(blob, 40, 90)));
        Assert.Equal(new QueryWriteStatusResponse { CommittedSize = 90 }, await server.QueryAsync(NameOf(blob)));
        Assert.False(await server.HasAsync(blob));
        Assert.Equal(100, await server.WriteAsync(Message(blob, 90, 100, finish: true)));

        Assert.Equal(new QueryWriteStatusResponse { CommittedSize = 100, Complete = true }, await server.QueryAsync(NameOf(blob)));
        Assert.Equal(blob.Content, await server.Store.ReadAllAsync(blob.Digest, 100, CasServer.Token));
    }

    [Fact]
    [Rule("BSW-04")]
    [Rule("BSQ-01")]
    public async Task All_bytes_without_finish_write_are_not_yet_a_blob()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = TestBlob.Random(2, 100);

        Assert.Equal(100, await server.WriteAsync(Message(blob, 0, 100)));
        Assert.Equal(new QueryWriteStatusResponse { CommittedSize = 100 }, await server.QueryAsync(NameOf(blob)));
        Assert.False(await server.HasAsync(blob));
        Assert.Equal(100, await server.WriteAsync(Message(blob, 100, 100, finish: true)));

        Assert.True(await server.HasAsync(blob));
    }

    [Fact]
    [Rule("BSW-13")]
    [Rule("BSW-17")]
    public async Task A_client_that_went_away_continues_where_it_was()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = TestBlob.Random(3, 100);
        RpcClientCall call = server.OpenWrite();
        await CasServer.SendAsync(call, Message(blob, 0, 70));
        while ((await server.QueryAsync(NameOf(blob))).CommittedSize != 70)
            await Task.Yield();

        await call.DisposeAsync(); // resets the stream

        Assert.Equal(70, (await server.QueryAsync(NameOf(blob))).CommittedSize);
        Assert.Equal(100, await server.WriteAsync(Message(blob, 70, 100, finish: true)));
        Assert.True(await server.HasAsync(blob));
    }

    [Fact]
    [Rule("BSW-13")]
    [Rule("BSW-17")]
    public async Task A_continuation_takes_over_from_a_call_that_still_seems_alive()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = TestBlob.Random(4, 100);
        await using RpcClientCall stale = server.OpenWrite();
        await CasServer.SendAsync(stale, Message(blob, 0, 70));
        while ((await server.QueryAsync(NameOf(blob))).CommittedSize != 70)
            await Task.Yield();

        Assert.Equal(100, await server.WriteAsync(Message(blob, 70, 100, finish: true)));

        Assert.True(await server.HasAsync(blob));
        await CasServer.AssertRefusedAsync(StatusCode.Aborted, CasServer.AnswerAsync(stale));
    }

    [Fact]
    [Rule("BSW-13")]
    public async Task The_size_that_was_told_stays_a_place_to_continue_at()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = TestBlob.Random(5, 100);
        await using RpcClientCall stale = server.OpenWrite();
        await CasServer.SendAsync(stale, Message(blob, 0, 40));
        while ((await server.QueryAsync(NameOf(blob))).CommittedSize != 40)
            await Task.Yield();
        await CasServer.SendAsync(stale, Message(blob, 40, 70)); // was on its way when the client asked
        await stale.CompleteRequestsAsync();
        Assert.Equal(70, await CasServer.AnswerAsync(stale));

        Assert.Equal(100, await server.WriteAsync(Message(blob, 40, 50), Message(blob, 50, 80), Message(blob, 80, 100, finish: true)));

        Assert.Equal(blob.Content, await server.Store.ReadAllAsync(blob.Digest, 100, CasServer.Token));
    }

    [Fact]
    [Rule("BSW-13")]
    public async Task A_client_that_does_not_ask_may_begin_again()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = TestBlob.Random(6, 100);
        await server.WriteAsync(Message(blob, 0, 70));

        Assert.Equal(70, await server.WriteAsync(Message(blob, 0, 30)));
        Assert.Equal(70, (await server.QueryAsync(NameOf(blob))).CommittedSize);
        Assert.Equal(100, await server.WriteAsync(Message(blob, 0, 30), Message(blob, 30, 100, finish: true)));

        Assert.Equal(blob.Content, await server.Store.ReadAllAsync(blob.Digest, 100, CasServer.Token));
    }

    [Theory]
    [Rule("BSW-02")]
    [InlineData(1)]
    [InlineData(39)]
    [InlineData(41)]
    [InlineData(100)]
    public async Task A_continuation_elsewhere_is_INVALID_ARGUMENT_and_spoils_nothing(int offset)
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = TestBlob.Random(7, 100);
        await server.WriteAsync(Message(blob, 0, 40));

        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, server.WriteAsync(Message(blob, offset, 100, finish: true)));

        Assert.Equal(100, await server.WriteAsync(Message(blob, 40, 100, finish: true)));
    }

    [Fact]
    [Rule("BSW-13")]
    public async Task What_came_before_a_bad_message_is_kept()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = TestBlob.Random(8, 100);

        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, server.WriteAsync(Message(blob, 0, 40), Message(blob, 50, 100)));

        Assert.Equal(40, (await server.QueryAsync(NameOf(blob))).CommittedSize);
    }

    [Fact]
    [Rule("BSW-05")]
    public async Task A_continuation_with_other_content_fails_as_a_whole()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = TestBlob.Random(9, 100);
        await server.WriteAsync(Message(TestBlob.Random(10, 100), 0, 40, name: NameOf(blob)));

        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, server.WriteAsync(Message(blob, 40, 100, finish: true)));

        Assert.Equal(new QueryWriteStatusResponse(), await server.QueryAsync(NameOf(blob)));
        Assert.Equal(100, await server.WriteAsync(Message(blob, 0, 100, finish: true)));
    }

    [Fact]
    [Rule("BSQ-02")]
    [Rule("Q-07")]
    public async Task An_upload_nobody_has_heard_of_stands_at_0()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = TestBlob.Random(11, 100);
        await server.WriteAsync(Message(blob, 0, 40));

        Assert.Equal(new QueryWriteStatusResponse(), await server.QueryAsync(NameOf(blob, "other-id")));
        Assert.Equal(new QueryWriteStatusResponse(), await server.QueryAsync(NameOf(TestBlob.Random(12, 100))));
        Assert.Equal(new QueryWriteStatusResponse(), await server.QueryAsync("main/" + NameOf(blob)));
    }

    [Fact]
    [Rule("BSQ-01")]
    public async Task A_blob_from_another_upload_is_complete()
    {
        await using CasServer server = await CasServer.StartAsync();
        TestBlob blob = await server.AddAsync(TestBlob.Random(13, 100));

        Assert.Equal(new QueryWriteStatusResponse { CommittedSize = 100, Complete = true }, await server.QueryAsync(NameOf(blob, "never-used")));
        Assert.Equal(new QueryWriteStatusResponse { Complete = true }, await server.QueryAsync(NameOf(TestBlob.Of([]))));
    }

    [Fact]
    [Rule("BSQ-02")]
    [Rule("BSW-17")]
    public async Task An_upload_that_nobody_continues_is_forgotten_in_time()
    {
        var time = new ManualTimeProvider();
        await using CasServer server = await CasServer.StartAsync(uploads: new UploadSessionsOptions { IdleTimeout = TimeSpan.FromMinutes(10) }, time: time);
        TestBlob blob = TestBlob.Random(14, 100);
        await server.WriteAsync(Message(blob, 0, 40));

        time.Advance(TimeSpan.FromMinutes(9));
        Assert.Equal(40, (await server.QueryAsync(NameOf(blob))).CommittedSize);
        time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(new QueryWriteStatusResponse(), await server.QueryAsync(NameOf(blob)));
        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, server.WriteAsync(Message(blob, 40, 100, finish: true)));
        Assert.Equal(100, await server.WriteAsync(Message(blob, 0, 100, finish: true)));
    }

    [Fact]
    [Rule("BSW-13")]
    public async Task A_writer_that_failed_is_not_continued()
    {
        FaultyStore faulty = null!;
        await using CasServer server = await CasServer.StartAsync(wrap: media => faulty = new FaultyStore(media));
        TestBlob blob = TestBlob.Random(15, 100);
        await server.WriteAsync(Message(blob, 0, 40));
        faulty.Fail(StoreOperation.Write, () => new StoreUnavailableException("disk", new IOException("write error")));

        await CasServer.AssertRefusedAsync(StatusCode.Unavailable, server.WriteAsync(Message(blob, 40, 100, finish: true)));
        faulty.Before = null;

        Assert.Equal(0, (await server.QueryAsync(NameOf(blob))).CommittedSize);
        Assert.Equal(100, await server.WriteAsync(Message(blob, 0, 100, finish: true)));
    }
}
