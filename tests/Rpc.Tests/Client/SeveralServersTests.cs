using Grpc.Health.V1;
using RemoteExec.Rpc.Client;
using RemoteExec.Rpc.Server;

namespace RemoteExec.Rpc.Tests.Client;

/// <summary>A channel to several servers uses one of them, and goes on with the next when that does not answer.</summary>
public sealed class SeveralServersTests
{
    private static readonly RpcAddress nowhere = RpcAddress.Parse("unix:/nowhere/at.all");
    private readonly List<string> calls = [];

    private Task<TestServer> StartAsync(string name, Func<StatusCode>? answer = null) => TestServer.StartAsync(Methods.ServeUnary((_, _) =>
    {
        lock (calls)
            calls.Add(name);
        StatusCode code = answer?.Invoke() ?? StatusCode.Ok;
        return code == StatusCode.Ok ? Task.FromResult(new HealthCheckResponse()) : throw new RpcException(code, "as the test wants it");
    }));

    [Fact]
    public async Task The_first_is_used_as_long_as_it_answers()
    {
        await using TestServer one = await StartAsync("one"), two = await StartAsync("two");
        await using var channel = new RpcChannel([one.Channel.Address, two.Channel.Address]);

        for (int i = 0; i < 3; i++)
            await channel.CheckAsync();

        Assert.Equal(["one", "one", "one"], calls);
        Assert.Equal(one.Channel.Address, channel.Address);
    }

    [Fact]
    public async Task One_that_can_not_be_reached_is_followed_by_the_next_which_is_kept()
    {
        await using TestServer two = await StartAsync("two");
        await using var channel = new RpcChannel([nowhere, two.Channel.Address]);

        Assert.Equal(StatusCode.Unavailable, (await channel.CheckFailsAsync()).Code);
        await channel.CheckAsync();
        await channel.CheckAsync();

        Assert.Equal(["two", "two"], calls);
        Assert.Equal(two.Channel.Address, channel.Address);
    }

    [Fact]
    public async Task After_the_last_comes_the_first()
    {
        TestServer two = await StartAsync("two");
        await using TestServer one = await StartAsync("one");
        await using var channel = new RpcChannel([one.Channel.Address, nowhere, two.Channel.Address]);
        await channel.CheckAsync();
        await one.DisposeAsync();

        await channel.CheckFailsAsync();
        await channel.CheckFailsAsync();
        await channel.CheckAsync();
        await two.DisposeAsync();
        await channel.CheckFailsAsync();

        Assert.Equal(["one", "two"], calls);
        Assert.Equal(one.Channel.Address, channel.Address);
    }

    [Fact]
    public async Task One_that_says_UNAVAILABLE_is_followed_too_and_no_other_failure_is_a_reason()
    {
        var code = StatusCode.NotFound;
        await using TestServer one = await StartAsync("one", () => code), two = await StartAsync("two");
        await using var channel = new RpcChannel([one.Channel.Address, two.Channel.Address]);

        await channel.CheckFailsAsync();
        code = StatusCode.Unavailable;
        await channel.CheckFailsAsync();
        await channel.CheckAsync();

        Assert.Equal(["one", "one", "two"], calls);
    }

    [Fact]
    public async Task Calls_that_fail_together_move_on_once()
    {
        var together = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        int waiting = 0;
        await using TestServer one = await TestServer.StartAsync(Methods.ServeUnary(async (_, _) =>
        {
            if (Interlocked.Increment(ref waiting) == 3)
                together.SetResult();
            await together.Task;
            throw new RpcException(StatusCode.Unavailable, "as the test wants it");
        }));
        await using TestServer two = await StartAsync("two"), three = await StartAsync("three");
        await using var channel = new RpcChannel([one.Channel.Address, two.Channel.Address, three.Channel.Address]);

        await Task.WhenAll(channel.CheckFailsAsync(), channel.CheckFailsAsync(), channel.CheckFailsAsync());

        Assert.Equal(two.Channel.Address, channel.Address);
    }

    [Fact]
    public async Task What_authorizes_a_call_is_asked_for_anew_with_each()
    {
        string? header = "none";
        await using TestServer server = await TestServer.StartAsync(Methods.ServeUnary((_, call) =>
        {
            header = call.GetRequestHeader("authorization");
            return Task.FromResult(new HealthCheckResponse());
        }));
        string? token = null;
        await using var channel = new RpcChannel(server.Channel.Address, new RpcChannelOptions { Authorization = () => token });

        await channel.CheckAsync();
        Assert.Null(header);
        token = "Bearer one";
        await channel.CheckAsync();
        Assert.Equal("Bearer one", header);
        token = "Bearer two";
        await channel.CheckAsync();
        Assert.Equal("Bearer two", header);
    }
}
