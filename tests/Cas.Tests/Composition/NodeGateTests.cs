using Microsoft.Extensions.Logging;
using RemoteExec.Cas.Composition;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Composition;

public sealed class NodeGateTests
{
    private readonly ManualTimeProvider time = new();
    private readonly RecordingLogger logger = new();
    private readonly NodeGate gate;
    private int calls;
    private bool isDown;

    public NodeGateTests() => gate = new NodeGate("far", TimeSpan.FromSeconds(10), logger, time);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_node_that_fails_is_left_alone_for_a_second_and_then_tried()
    {
        isDown = true;
        await FailAsync();
        await FailAsync();
        Assert.Equal(1, calls);
        Assert.True(gate.IsClosed);

        isDown = false;
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(gate.IsClosed);
        await CallAsync();
        await CallAsync();

        Assert.Equal(3, calls);
    }

    [Fact]
    public async Task It_is_known_since_when_a_node_is_away_and_since_when_it_is_back()
    {
        DateTimeOffset began = time.GetUtcNow();
        time.Advance(TimeSpan.FromMinutes(1));
        await CallAsync();
        Assert.Equal(new NodeStatus("far", IsInReach: true, began), gate.Status);

        isDown = true;
        await FailAsync();
        time.Advance(TimeSpan.FromSeconds(5));
        await FailAsync();
        Assert.Equal(new NodeStatus("far", IsInReach: false, began.AddMinutes(1)), gate.Status);

        isDown = false;
        time.Advance(TimeSpan.FromSeconds(5));
        await CallAsync();
        Assert.Equal(new NodeStatus("far", IsInReach: true, began.AddSeconds(70)), gate.Status);
    }

    [Fact]
    public async Task Pauses_grow_to_half_a_minute()
    {
        isDown = true;
        await FailAsync();
        foreach (int seconds in (int[])[1, 2, 4, 8, 16, 30, 30])
        {
            int before = calls;
            time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromTicks(1));
            await FailAsync();
            Assert.Equal(before, calls);
            time.Advance(TimeSpan.FromTicks(1));
            await FailAsync();
            Assert.Equal(before + 1, calls);
        }

        isDown = false;
        time.Advance(TimeSpan.FromSeconds(30));
        await CallAsync();
        isDown = true;
        await FailAsync();
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(gate.IsClosed); // it begins anew
    }

    [Fact]
    public async Task One_call_tries_while_the_others_fail()
    {
        isDown = true;
        await FailAsync();
        time.Advance(TimeSpan.FromSeconds(1));
        var answer = new TaskCompletionSource<int>();

        Task<int> trial = gate.RunAsync(_ => new ValueTask<int>(answer.Task), Token).AsTask();
        await FailAsync();
        Assert.True(gate.IsClosed);
        answer.SetResult(7);

        Assert.Equal(7, await trial);
        Assert.False(gate.IsClosed);
        Assert.Equal(1, calls);
    }

    [Fact]
    public async Task Who_tries_and_leaves_lets_the_next_try()
    {
        isDown = true;
        await FailAsync();
        time.Advance(TimeSpan.FromSeconds(1));
        using var leaving = new CancellationTokenSource();
        Task<int> trial = gate.RunAsync(HangAsync, leaving.Token).AsTask();

        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => trial);

        isDown = false;
        await CallAsync();
        Assert.False(gate.IsClosed);
    }

    [Fact]
    public async Task A_call_that_takes_too_long_is_a_failure()
    {
        Task<int> call = gate.RunAsync(HangAsync, Token).AsTask();

        time.Advance(TimeSpan.FromSeconds(10));

        StoreUnavailableException failure = await Assert.ThrowsAsync<StoreUnavailableException>(() => call);
        Assert.Equal("far", failure.Store);
        Assert.IsType<TimeoutException>(failure.InnerException);
        Assert.True(gate.IsClosed);
    }

    [Fact]
    public async Task Who_leaves_does_not_close_it()
    {
        using var leaving = new CancellationTokenSource();
        Task<int> call = gate.RunAsync(HangAsync, leaving.Token).AsTask();

        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        Assert.False(gate.IsClosed);
    }

    [Fact]
    public async Task What_was_opened_before_may_go_on()
    {
        isDown = true;
        await FailAsync();
        isDown = false;

        Assert.Equal(1, await gate.GoOnAsync(AnswerAsync, Token));

        Assert.True(gate.IsClosed);
    }

    [Fact]
    public async Task A_node_that_answers_with_another_failure_is_there()
    {
        await Assert.ThrowsAsync<StoreFullException>(async () => await gate.RunAsync<int>(_ => throw new StoreFullException("far", 1, ""), Token));

        Assert.False(gate.IsClosed);
    }

    [Fact]
    public async Task It_remembers_how_long_ago_the_node_was_out_of_reach()
    {
        Assert.False(gate.WasDownWithin(TimeSpan.FromHours(3)));
        isDown = true;
        await FailAsync();
        Assert.True(gate.WasDownWithin(TimeSpan.Zero));
        isDown = false;
        time.Advance(TimeSpan.FromHours(10));
        await CallAsync();

        Assert.True(gate.WasDownWithin(TimeSpan.FromHours(3)));
        time.Advance(TimeSpan.FromHours(3));
        Assert.False(gate.WasDownWithin(TimeSpan.FromHours(3)));
    }

    [Fact]
    public async Task Each_change_is_told_once_with_the_name_of_the_node()
    {
        isDown = true;
        await FailAsync();
        await FailAsync();
        time.Advance(TimeSpan.FromSeconds(1));
        await FailAsync();
        isDown = false;
        time.Advance(TimeSpan.FromSeconds(2));
        await CallAsync();
        await CallAsync();

        Assert.Equal(
            [
                "the store 'far' is out of reach: cut off. It is done without, and tried again every 1 to 30 s",
                "the store 'far' is within reach again",
            ],
            logger.Entries.Select(entry => entry.Text));
        Assert.All(logger.Entries, entry => Assert.Equal(LogLevel.Warning, entry.Level));
    }

    private async Task CallAsync() => Assert.Equal(1, await gate.RunAsync(AnswerAsync, Token));

    private Task FailAsync() => Assert.ThrowsAsync<StoreUnavailableException>(async () => await gate.RunAsync(AnswerAsync, Token));

    private ValueTask<int> AnswerAsync(CancellationToken cancellationToken)
    {
        calls++;
        return isDown ? throw new StoreUnavailableException("within", new IOException("cut off")) : ValueTask.FromResult(1);
    }

    private static async ValueTask<int> HangAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(Timeout.Infinite, cancellationToken);
        return 0;
    }
}
