using RemoteExec.TestKit;
using RemoteExec.Worker.Disk;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Worker.Tests.Disk;

/// <summary>Which of the running actions are stopped, and when.</summary>
public sealed class DiskGuardTests : IAsyncDisposable
{
    private const long Megabyte = 1024 * 1024, Reserve = 1000 * Megabyte;
    private readonly ManualTimeProvider time = new();
    private readonly DiskGuard guard;
    private long? free = 10 * Reserve;

    public DiskGuardTests() => guard = new DiskGuard(() => free, Reserve, time);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => guard.DisposeAsync();

    [Fact]
    public async Task One_that_holds_more_than_it_may_is_stopped_and_told_so()
    {
        long holds = 100;
        using DiskWatch watch = Watch(() => holds, limit: 100);
        Task<SandboxOutcome?> running = watch.RunAsync(ForeverAsync);
        time.Advance(TimeSpan.FromSeconds(6));
        guard.Look();
        Assert.False(watch.IsStopped);

        holds = 101;
        time.Advance(TimeSpan.FromSeconds(6));
        guard.Look();

        SandboxOutcome outcome = (await running)!;
        Assert.Equal((137, 9, null), (outcome.ExitCode, outcome.Signal, outcome.Root));
        Assert.Contains("took 101 bytes of the disk while it ran, more than the 100 that a test allows", outcome.TooMuchDisk, StringComparison.Ordinal);
    }

    [Fact]
    public void As_long_as_there_is_space_each_is_measured_now_and_then_only()
    {
        int measured = 0;
        using DiskWatch watch = Watch(() => ++measured, limit: 100);

        guard.Look();
        Assert.Equal(0, measured); // it has just begun

        time.Advance(TimeSpan.FromSeconds(5));
        guard.Look();
        guard.Look();
        Assert.Equal(1, measured);
    }

    [Fact]
    public void What_takes_long_to_measure_is_measured_less_often()
    {
        int measured = 0;
        using DiskWatch watch = Watch(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return ++measured;
            },
            limit: 100);
        time.Advance(TimeSpan.FromSeconds(5));
        guard.Look();

        time.Advance(TimeSpan.FromSeconds(19));
        guard.Look();
        Assert.Equal(1, measured);

        time.Advance(TimeSpan.FromSeconds(1));
        guard.Look();
        Assert.Equal(2, measured);
    }

    [Fact]
    public async Task When_the_disk_gets_full_the_one_that_holds_most_is_stopped_and_then_the_next()
    {
        using DiskWatch small = Watch(() => 20 * Megabyte), great = Watch(() => 500 * Megabyte), tiny = Watch(() => Megabyte);
        Task<SandboxOutcome?> running = great.RunAsync(ForeverAsync);
        free = Reserve - 1;

        guard.Look();
        guard.Look(); // space takes a moment to come back
        Assert.Equal((true, false, false), (great.IsStopped, small.IsStopped, tiny.IsStopped));
        DiskShortException reason = await Assert.ThrowsAsync<DiskShortException>(() => running);
        Assert.Contains("worker.minFreeDisk", reason.Message, StringComparison.Ordinal);
        Assert.Contains($"{500 * Megabyte} bytes", reason.Message, StringComparison.Ordinal);

        time.Advance(TimeSpan.FromSeconds(1));
        guard.Look();
        Assert.Equal((true, false), (small.IsStopped, tiny.IsStopped));

        time.Advance(TimeSpan.FromSeconds(1));
        guard.Look();
        Assert.False(tiny.IsStopped); // that would not help
    }

    [Fact]
    public void When_next_to_nothing_is_left_they_are_stopped_whatever_they_are_known_to_hold()
    {
        using DiskWatch first = Watch(() => 1), second = Watch(() => 2);
        free = (Reserve / 2) - 1;

        guard.Look();

        Assert.Equal((false, true), (first.IsStopped, second.IsStopped));
    }

    [Fact]
    public void Where_the_space_can_not_be_told_only_their_own_limits_count()
    {
        using DiskWatch watch = Watch(() => 500 * Megabyte);
        free = null;

        guard.Look();

        Assert.False(watch.IsStopped);
    }

    [Fact]
    public async Task It_looks_by_itself_as_long_as_something_runs()
    {
        using (DiskWatch watch = Watch(() => 500 * Megabyte))
        {
            Task<SandboxOutcome?> running = watch.RunAsync(ForeverAsync);
            free = 0;
            Assert.Equal(1, time.WaitingTimers);

            time.Advance(TimeSpan.FromMilliseconds(250));

            await Assert.ThrowsAsync<DiskShortException>(() => running);
        }

        Assert.Equal(0, time.WaitingTimers);
    }

    [Fact]
    public async Task What_has_ended_is_not_stopped_any_more()
    {
        using DiskWatch watch = Watch(() => 500 * Megabyte), other = Watch(() => 20 * Megabyte);
        await watch.RunAsync(_ => Task.FromResult<SandboxOutcome?>(null));
        free = 0;

        guard.Look();

        Assert.Equal((false, true), (watch.IsStopped, other.IsStopped));
    }

    [Fact]
    public async Task What_is_cancelled_by_others_is_cancelled()
    {
        using var cancellation = new CancellationTokenSource();
        using DiskWatch watch = guard.Watch(() => 500 * Megabyte, new DiskLimit(long.MaxValue, "a test"), cancellation.Token);
        Task<SandboxOutcome?> running = watch.RunAsync(ForeverAsync);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    private static async Task<SandboxOutcome?> ForeverAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(Timeout.Infinite, cancellationToken);
        throw new InvalidOperationException("it was to be stopped");
    }

    private DiskWatch Watch(Func<long> measure, long limit = long.MaxValue) => guard.Watch(measure, new DiskLimit(limit, "a test"), Token);
}
