using RemoteExec.TestKit;

namespace RemoteExec.Protocol.Tests.TestKit;

public sealed class ManualTimeProviderTests
{
    private readonly ManualTimeProvider time = new();
    private readonly List<(string Name, TimeSpan At)> runs = [];
    private readonly DateTimeOffset start;

    public ManualTimeProviderTests() => start = time.GetUtcNow();

    private ITimer Set(string name, int due, int period = 0) => time.CreateTimer(
        _ => runs.Add((name, time.GetUtcNow() - start)), null, TimeSpan.FromSeconds(due), period == 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(period));

    [Fact]
    public void Time_moves_only_when_it_is_moved()
    {
        long before = time.GetTimestamp();
        Assert.Equal(start, time.GetUtcNow());

        time.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(start.AddSeconds(5), time.GetUtcNow());
        Assert.Equal(TimeSpan.FromSeconds(5), time.GetElapsedTime(before));
    }

    [Fact]
    public void Timers_run_when_they_fall_due_in_the_order_of_their_times()
    {
        Set("late", 9);
        Set("early", 3);
        Set("never", 11);
        Set("often", 2, 4);

        time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(["often 2", "early 3", "often 6", "late 9", "often 10"], runs.Select(run => $"{run.Name} {run.At.TotalSeconds}"));
        Assert.Equal(2, time.WaitingTimers);
    }

    [Fact]
    public void A_timer_that_is_changed_or_disposed_follows()
    {
        ITimer changed = Set("changed", 1);
        ITimer disposed = Set("disposed", 1);
        changed.Change(TimeSpan.FromSeconds(5), Timeout.InfiniteTimeSpan);
        disposed.Dispose();

        time.Advance(TimeSpan.FromSeconds(4));
        Assert.Empty(runs);
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal("changed", Assert.Single(runs).Name);
    }

    [Fact]
    public async Task Delays_of_the_framework_follow_it()
    {
        Task delay = Task.Delay(TimeSpan.FromMinutes(1), time, TestContext.Current.CancellationToken);
        using var cancellation = new CancellationTokenSource(TimeSpan.FromMinutes(2), time);

        time.Advance(TimeSpan.FromMinutes(1));
        await delay;
        Assert.False(cancellation.IsCancellationRequested);

        time.Advance(TimeSpan.FromMinutes(1));
        Assert.True(cancellation.IsCancellationRequested);
    }

    [Fact]
    public async Task What_is_due_at_once_runs_without_an_advance()
    {
        var ran = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        await using ITimer timer = time.CreateTimer(_ => ran.TrySetResult(), null, TimeSpan.Zero, Timeout.InfiniteTimeSpan);

        await ran.Task.WaitAsync(TestContext.Current.CancellationToken);
    }
}
