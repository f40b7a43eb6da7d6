using System.Text;
using Google.Bytestream;
using Google.LongRunning;
using Google.Protobuf;
using RemoteExec.Rpc.Client;

namespace RemoteExec.EndToEnd.Tests.Workers;

/// <summary>The real server and its worker: what an action writes can be read before it ends.</summary>
public sealed class LiveLogTests : IAsyncLifetime
{
    private readonly TemporaryDirectory data = new();
    private ServerProcess server = null!;
    private RpcChannel channel = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        server = await ServerProcess.StartAsync("--workers", "1", "--worker-listen", "127.0.0.1:0");
        channel = new RpcChannel(RpcAddress.Parse(server.GrpcAddress));
    }

    public async ValueTask DisposeAsync()
    {
        if (channel is not null)
            await channel.DisposeAsync();
        if (server is not null)
            await server.DisposeAsync();
        data.Dispose();
    }

    [Fact, Rule("LOG-03"), Rule("EXE-14")]
    public async Task Who_follows_an_action_gets_its_lines_before_it_ends_and_its_end_when_it_does()
    {
        Task<Operation> Get(string name) => channel.UnaryAsync<GetOperationRequest, Operation>("/google.longrunning.Operations/GetOperation", new GetOperationRequest { Name = name }, Token);
        var got = new StringBuilder();
        string name = "";

        await foreach (Operation state in ExecuteAsync("i=0; while true; do i=$((i + 1)); echo line $i; echo to stderr >&2; sleep 0.2; done"))
        {
            name = state.Name;
            if (state.Metadata.Unpack<Reapi.ExecuteOperationMetadata>().StdoutStreamName is { Length: > 0 } stream)
            {
                await foreach (ReadResponse piece in ReadAsync(stream))
                {
                    got.Append(piece.Data.ToStringUtf8());
                    if (!got.ToString().Contains("line 12\n", StringComparison.Ordinal))
                        continue;
                    if (!(await Get(name)).Done)
                        await channel.UnaryAsync<CancelOperationRequest, Google.Protobuf.WellKnownTypes.Empty>("/google.longrunning.Operations/CancelOperation", new CancelOperationRequest { Name = name }, Token);
                }

                break; // the log has ended
            }
        }

        Assert.True((await Get(name)).Done);
        string[] lines = got.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(Enumerable.Range(1, lines.Length).Select(number => $"line {number}"), lines);
        Assert.InRange(lines.Length, 12, 200);
    }

    [Fact]
    public async Task The_command_line_prints_a_log_as_it_is_written_and_to_its_end()
    {
        await using IAsyncEnumerator<Operation> states = ExecuteAsync("echo first; echo aside >&2; sleep 3; echo last").GetAsyncEnumerator(Token);
        await states.MoveNextAsync();
        string[] command = ["operations", "log", states.Current.Name, "--server", server.GrpcAddress];
        await using ChildProcess log = ChildProcess.Start(ServerProcess.Program, command);

        await log.WaitForOutputAsync(output => output.Contains("first\n", StringComparison.Ordinal), "the first line");
        while (await states.MoveNextAsync())
            Assert.True(states.Current.Done || !log.HasExited);
        int exitCode = await log.WaitForExitAsync();
        await using ChildProcess again = ChildProcess.Start(ServerProcess.Program, command);

        Assert.Equal(0, exitCode);
        Assert.Equal(["aside", "first", "last"], log.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
        Assert.True(await again.WaitForExitAsync() == 0, again.Output);
        Assert.Equal(["aside", "first", "last"], again.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_worker_in_another_process_copies_what_actions_write_as_well()
    {
        await server.RestartAsync("--workers", "0", "--worker-listen", server.WorkerAddress);
        await using ChildProcess worker = ChildProcess.Start(
            ServerProcess.Program, ["worker", "--server", server.WorkerAddress, "--slots", "1", "--data", data.FullPath]);
        string got = "";

        await foreach (Operation state in ExecuteAsync("echo one; sleep 2.5; echo two"))
        {
            if (got.Length > 0 || state.Metadata.Unpack<Reapi.ExecuteOperationMetadata>().StdoutStreamName is not { Length: > 0 } stream)
                continue;
            await foreach (ReadResponse piece in ReadAsync(stream))
                got += piece.Data.ToStringUtf8();
        }

        Assert.Equal("one\ntwo\n", got);
    }

    private IAsyncEnumerable<ReadResponse> ReadAsync(string name) =>
        channel.ServerStreamAsync<ReadRequest, ReadResponse>("/google.bytestream.ByteStream/Read", new ReadRequest { ResourceName = name }, Token);

    private IAsyncEnumerable<Operation> ExecuteAsync(string script) => ShellActions.ExecuteAsync(channel, script);
}
