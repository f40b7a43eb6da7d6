using RemoteExec.Rpc.Client;
using RemoteExec.TestKit;

namespace RemoteExec.Rpc.Tests.Client;

/// <summary>Attempts at a call, and the time between them.</summary>
public sealed class RetryTests
{
    private static readonly TimeSpan longest = TimeSpan.FromSeconds(2);
    private readonly ManualTimeProvider time = new();
    private int calls;

    [Fact]
    public async Task Waits_double_up_to_the_bound_and_begin_anew_after_a_success()
    {
        var backoff = new Backoff(longest, time);

        foreach (double seconds in (double[])[0.1, 0.2, 0.4, 0.8, 1.6, 2, 2])
            await AssertWaitsAsync(backoff, TimeSpan.FromSeconds(seconds));
        backoff.Reset();

        await AssertWaitsAsync(backoff, TimeSpan.FromSeconds(0.1));
    }

    [Fact]
    public void Two_clients_do_not_wait_alike()
    {
        Task[] waits = [.. Enumerable.Range(0, 100).Select(_ => new Backoff(longest, time).WaitAsync(Methods.Token))];

        time.Advance(TimeSpan.FromSeconds(0.1));

        Assert.InRange(waits.Count(wait => wait.IsCompleted), 1, 99);
    }

    [Fact]
    public async Task A_call_is_repeated_until_it_succeeds()
    {
        Task<int> result = FinishAsync(new RpcRetry(TimeSpan.FromSeconds(10), time).RunAsync(() => FailAsync(StatusCode.Unavailable, times: 3), Methods.Token));

        Assert.Equal(4, await result);
    }

    [Fact]
    public async Task Patience_counts_from_the_first_failure()
    {
        DateTimeOffset begun = time.GetUtcNow();

        Task<int> result = FinishAsync(new RpcRetry(TimeSpan.FromSeconds(10), time).RunAsync(() => FailAsync(StatusCode.Unavailable), Methods.Token));

        Assert.Equal(StatusCode.Unavailable, (await Assert.ThrowsAsync<RpcException>(() => result)).Code);
        Assert.InRange(time.GetUtcNow() - begun, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(14));
    }

    [Fact]
    public async Task Without_patience_there_is_one_attempt()
    {
        await Assert.ThrowsAsync<RpcException>(() => new RpcRetry(TimeSpan.Zero, time).RunAsync(() => FailAsync(StatusCode.Unavailable), Methods.Token));

        Assert.Equal(1, calls);
    }

    [Theory]
    [InlineData(StatusCode.NotFound)]
    [InlineData(StatusCode.Internal)]
    [InlineData(StatusCode.DeadlineExceeded)]
    [InlineData(StatusCode.ResourceExhausted)]
    [InlineData(StatusCode.PermissionDenied)]
    public async Task Other_failures_do_not_pass_by_waiting(StatusCode code)
    {
        await Assert.ThrowsAsync<RpcException>(() => new RpcRetry(TimeSpan.FromSeconds(10), time).RunAsync(() => FailAsync(code), Methods.Token));

        Assert.Equal(1, calls);
    }

    private async Task AssertWaitsAsync(Backoff backoff, TimeSpan about)
    {
        Task wait = backoff.WaitAsync(Methods.Token);
        time.Advance((about / 2) - TimeSpan.FromTicks(1));
        Assert.False(wait.IsCompleted);
        time.Advance(about + TimeSpan.FromTicks(1));
        await wait;
    }

    private Task<int> FailAsync(StatusCode code, int times = int.MaxValue) =>
        ++calls <= times ? throw new RpcException(code, "as the test wants it") : Task.FromResult(calls);

    private async Task<int> FinishAsync(Task<int> call)
    {
        while (!call.IsCompleted)
        {
            if (time.WaitingTimers > 0)
                time.Advance(TimeSpan.FromMilliseconds(10));
            else
                await Task.Delay(1, Methods.Token);
        }

        return await call;
    }
}
