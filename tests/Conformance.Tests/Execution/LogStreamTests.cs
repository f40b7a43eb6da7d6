using System.Text;
using Build.Bazel.Remote.LogStream.v1;
using Google.Bytestream;
using Google.Protobuf;
using RemoteExec.Cas.Services;
using RemoteExec.Cas.Stores;
using RemoteExec.Execution.Availability;
using RemoteExec.Execution.Logs;
using RemoteExec.Execution.Services;
using RemoteExec.Protocol.Access;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.TestKit;

namespace RemoteExec.Conformance.Tests.Execution;

/// <summary>Log streams over the wire: at a server that has them, and by way of one that has not.</summary>
public sealed class LogStreamTests : IAsyncLifetime
{
    private readonly TemporaryDirectory temp = new();
    private readonly UploadSessions uploads = new(new UploadSessionsOptions(), TimeProvider.System);
    private readonly SchedulerRouter router = new(new PeerAccess(), TimeProvider.System);
    private LogStreams streams = null!;
    private InProcessServer workers = null!;
    private InProcessServer clients = null!;
    private InProcessServer front = null!; // for both: it carries calls on to the two

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        streams = new LogStreams(Path.Combine(temp.FullPath, "live"), new LogStreamsOptions(), TimeProvider.System);
        var store = new MemoryStore(1 << 20);
        workers = await InProcessServer.StartAsync(
            new LogStreamService(streams, AccessGuard.Off).ToRpcService(), new ByteStreamService(store, uploads, new CasLimits(), new LogStreamResources(streams, mayWrite: true)).ToRpcService());
        clients = await InProcessServer.StartAsync(new ByteStreamService(store, uploads, new CasLimits(), new LogStreamResources(streams, mayWrite: false)).ToRpcService());
        front = await InProcessServer.StartAsync(
            new ActiveSchedulerServices(router, _ => [], TimeProvider.System, AccessGuard.Off).Of(RemoteLogstreamReflection.Descriptor, "LogStreamService", isForWorkers: true),
            new ByteStreamService(store, uploads, new CasLimits(), new ActiveLogStreams(router, new LogStreamResources(streams, mayWrite: true), TimeProvider.System)).ToRpcService());
        await router.FollowAsync(new LeaseHolder(1, new SchedulerAddresses(RpcAddress.Parse(clients.Address.ToString()), RpcAddress.Parse(workers.Address.ToString()))));
    }

    public async ValueTask DisposeAsync()
    {
        await router.DisposeAsync();
        foreach (InProcessServer server in (InProcessServer[])[front, clients, workers])
            await server.DisposeAsync();
        await streams.DisposeAsync();
        await uploads.DisposeAsync();
        temp.Dispose();
    }

    [Theory, Rule("LOG-01"), Rule("LOG-03")]
    [InlineData("", false)]
    [InlineData("an/instance", false)]
    [InlineData("an/instance", true)]
    public async Task A_read_follows_what_is_written_and_ends_with_it(string parent, bool byFront)
    {
        (RpcChannel writer, RpcChannel reader) = byFront ? (front.Channel, front.Channel) : (workers.Channel, clients.Channel);
        LogStream stream = await CreateAsync(writer, parent);
        string prefix = parent.Length == 0 ? "logstreams/" : parent + "/logstreams/";
        Assert.StartsWith(prefix, stream.Name, StringComparison.Ordinal);
        Assert.StartsWith(stream.Name + "/", stream.WriteResourceName, StringComparison.Ordinal);
        await using RpcClientCall reading = reader.Send(Read, new ReadRequest { ResourceName = stream.Name, ReadOffset = 2 }, null, Token);
        await reading.GetResponseHeadersAsync(); // it is being followed before there is anything

        Assert.Equal(6, await WriteAsync(writer, Message(stream, 0, "first ")));
        Assert.Equal("rst ", (await reading.ReadAsync<ReadResponse>())!.Data.ToStringUtf8());
        Assert.Equal(12, await WriteAsync(writer, Message(stream, 6, "sec"), new WriteRequest { WriteOffset = 9, Data = ByteString.CopyFromUtf8("ond") }));
        QueryWriteStatusResponse status = await QueryAsync(writer, stream.WriteResourceName);
        Assert.Equal((12, false), (status.CommittedSize, status.Complete));
        Assert.Equal(15, await WriteAsync(writer, Message(stream, 12, "end", finishes: true)));

        var rest = new StringBuilder();
        while (await reading.ReadAsync<ReadResponse>() is { } piece)
            rest.Append(piece.Data.ToStringUtf8());
        Assert.Equal("secondend", rest.ToString());
        Assert.Equal("first secondend", await ReadAsync(reader, stream.Name));
        Assert.Equal("sec", await ReadAsync(reader, stream.Name, offset: 6, limit: 3));
        Assert.True((await QueryAsync(writer, stream.WriteResourceName)).Complete);
    }

    [Fact, Rule("LOG-02")]
    public async Task Each_name_is_good_for_one_purpose_and_clients_do_not_write()
    {
        LogStream stream = await CreateAsync(workers.Channel, "");

        Assert.Equal(StatusCode.InvalidArgument, await CodeAsync(() => ReadAsync(clients.Channel, stream.WriteResourceName)));
        Assert.Equal(StatusCode.InvalidArgument, await CodeAsync(() => WriteAsync(workers.Channel, new WriteRequest { ResourceName = stream.Name })));
        Assert.Equal(StatusCode.InvalidArgument, await CodeAsync(() => QueryAsync(workers.Channel, stream.Name)));
        Assert.Equal(StatusCode.PermissionDenied, await CodeAsync(() => WriteAsync(clients.Channel, Message(stream, 0, "x"))));
        Assert.Equal(StatusCode.PermissionDenied, await CodeAsync(() => QueryAsync(clients.Channel, stream.WriteResourceName)));
        Assert.Equal(StatusCode.Unimplemented, await CodeAsync(() => CreateAsync(clients.Channel, "")));
    }

    [Fact, Rule("LOG-03")]
    public async Task What_makes_no_sense_is_refused_and_changes_nothing()
    {
        LogStream stream = await CreateAsync(workers.Channel, "");
        await WriteAsync(workers.Channel, Message(stream, 0, "good"));

        Assert.Equal(StatusCode.InvalidArgument, await CodeAsync(() => WriteAsync(workers.Channel, Message(stream, 3, "x"))));
        Assert.Equal(StatusCode.InvalidArgument, await CodeAsync(() => WriteAsync(workers.Channel, Message(stream, 5, "x"))));
        Assert.Equal(StatusCode.InvalidArgument, await CodeAsync(() => WriteAsync(workers.Channel, Message(stream, 4, ""), new WriteRequest { ResourceName = "other" })));
        Assert.Equal(StatusCode.InvalidArgument, await CodeAsync(() => CreateAsync(workers.Channel, "bad//instance")));
        Assert.Equal(StatusCode.OutOfRange, await CodeAsync(() => ReadAsync(clients.Channel, stream.Name, offset: -1)));
        Assert.Equal(StatusCode.InvalidArgument, await CodeAsync(() => ReadAsync(clients.Channel, stream.Name, limit: -1)));
        await WriteAsync(workers.Channel, Message(stream, 4, "!", finishes: true));
        Assert.Equal(StatusCode.InvalidArgument, await CodeAsync(() => WriteAsync(workers.Channel, Message(stream, 5, "x"))));
        Assert.Equal(StatusCode.OutOfRange, await CodeAsync(() => ReadAsync(clients.Channel, stream.Name, offset: 6)));
        Assert.Equal("good!", await ReadAsync(clients.Channel, stream.Name));
    }

    [Fact]
    public async Task Who_asks_for_a_log_that_is_gone_is_told_where_the_whole_log_is()
    {
        RpcStatus status = await ExecutionServer.FailureOfAsync(() => ReadAsync(front.Channel, "logstreams/" + new string('0', 32)));

        Assert.Equal(StatusCode.NotFound, status.Code);
        Assert.Contains("the result of the action has the digest", status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_readers_of_one_log_do_not_wait_for_each_other()
    {
        LogStream stream = await CreateAsync(workers.Channel, "");
        await using RpcClientCall stuck = clients.Channel.Send(Read, new ReadRequest { ResourceName = stream.Name }, null, Token); // it never reads its answers
        await stuck.GetResponseHeadersAsync();
        Task<string>[] readers = [.. Enumerable.Range(0, 20).Select(_ => ReadAsync(clients.Channel, stream.Name))];
        string line = new string('x', 99_999) + "\n";
        const int Lines = 40;

        for (int i = 0; i < Lines; i++)
            await WriteAsync(workers.Channel, Message(stream, i * line.Length, line, finishes: i == Lines - 1));

        foreach (string text in await Task.WhenAll(readers))
            Assert.Equal(Lines * line.Length, text.Length);
    }

    [Fact]
    public async Task A_reader_at_a_server_that_is_left_behind_is_told()
    {
        LogStream stream = await CreateAsync(front.Channel, "");
        Task<string> reading = ReadAsync(front.Channel, stream.Name);
        await WriteAsync(front.Channel, Message(stream, 0, "x"));

        await router.FollowAsync(new LeaseHolder(2, new SchedulerAddresses(RpcAddress.Parse(workers.Address.ToString()), RpcAddress.Parse(workers.Address.ToString()))));

        Assert.Equal(StatusCode.Unavailable, await CodeAsync(() => reading));
    }

    private const string Read = "/google.bytestream.ByteStream/Read";

    private static WriteRequest Message(LogStream stream, long offset, string data, bool finishes = false) =>
        new() { ResourceName = stream.WriteResourceName, WriteOffset = offset, Data = ByteString.CopyFromUtf8(data), FinishWrite = finishes };

    private static async Task<StatusCode> CodeAsync(Func<Task> call) => (await ExecutionServer.FailureOfAsync(call)).Code;

    private static Task<LogStream> CreateAsync(RpcChannel channel, string parent) => channel.UnaryAsync<CreateLogStreamRequest, LogStream>(
        "/build.bazel.remote.logstream.v1.LogStreamService/CreateLogStream", new CreateLogStreamRequest { Parent = parent }, Token);

    private static Task<QueryWriteStatusResponse> QueryAsync(RpcChannel channel, string name) => channel.UnaryAsync<QueryWriteStatusRequest, QueryWriteStatusResponse>(
        "/google.bytestream.ByteStream/QueryWriteStatus", new QueryWriteStatusRequest { ResourceName = name }, Token);

    private static async Task<long> WriteAsync(RpcChannel channel, params WriteRequest[] messages)
    {
        await using RpcClientCall call = channel.Open("/google.bytestream.ByteStream/Write", null, Token);
        foreach (WriteRequest message in messages)
            await call.WriteAsync(message);
        await call.CompleteRequestsAsync();
        WriteResponse? answer = await call.ReadAsync<WriteResponse>();
        return answer!.CommittedSize;
    }

    private static async Task<string> ReadAsync(RpcChannel channel, string name, long offset = 0, long limit = 0)
    {
        var text = new StringBuilder();
        var request = new ReadRequest { ResourceName = name, ReadOffset = offset, ReadLimit = limit };
        await foreach (ReadResponse piece in channel.ServerStreamAsync<ReadRequest, ReadResponse>(Read, request, Token))
            text.Append(piece.Data.ToStringUtf8());
        return text.ToString();
    }
}
