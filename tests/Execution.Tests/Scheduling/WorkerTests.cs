using Microsoft.Extensions.Logging;
using RemoteExec.ActionCache;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Protocol.Workers;
using RemoteExec.TestKit;

namespace RemoteExec.Execution.Tests.Scheduling;

/// <summary>What the operator hears of workers.</summary>
public sealed class WorkerTests
{
    private readonly SchedulerDriver driver = new();

    [Fact]
    public void A_worker_comes_with_its_first_slot_and_goes_with_its_last()
    {
        driver.Idle("a/0", worker: "a");
        driver.Idle("a/1", worker: "a");
        driver.Idle("b/0", worker: "b");
        driver.Leave("a/0", worker: "a");
        Assert.Equal(["+a", "+b"], driver.Workers);

        driver.Leave("a/1", worker: "a");
        driver.Idle("a/0", worker: "a");

        Assert.Equal(["+a", "+b", "-a", "+a"], driver.Workers);
    }

    [Fact]
    public void A_worker_that_is_not_heard_of_is_lost()
    {
        driver.Idle("a/0", worker: "a");
        driver.Idle("a/1", worker: "a");

        driver.Advance(driver.Options.LeaseDuration);

        Assert.Equal(["+a", "!a"], driver.Workers);
    }

    [Fact]
    public void A_worker_that_leaves_with_its_last_result_is_not_lost()
    {
        driver.Execute(1);
        Lease lease = driver.Take("a/0", worker: "a");

        driver.Complete("a/0", lease.Id, leaving: true, worker: "a");

        Assert.Equal(["+a", "-a"], driver.Workers);
    }

    [Fact]
    public async Task The_log_tells_who_comes_goes_and_is_lost()
    {
        var log = new RecordingLogger();
        var time = new ManualTimeProvider();
        var options = new ExecutionOptions();
        var cas = new EmptyBlobStore(new MemoryStore(1 << 20));
        await using var queue = new ActionQueue(cas, new ActionCacheStore(new MemoryStore(1 << 20)), options, log, time);

        Task gone = Post(queue, "gone", request => request.Leaving = new SynchronizeRequest.Types.Leaving());
        Task silent = Post(queue, "silent", request => request.Idle = new SynchronizeRequest.Types.Idle());
        time.Advance(options.LeaseDuration);

        await Task.WhenAll(gone, silent);
        Assert.Equal(
            [
                (LogLevel.Information, "Worker 'gone' has joined; its platform: pool=big"),
                (LogLevel.Information, "Worker 'gone' has left"),
                (LogLevel.Information, "Worker 'silent' has joined; its platform: pool=big"),
                (LogLevel.Warning, "Worker 'silent' is lost: it was not heard of in time. What it was running is given to others"),
            ],
            log.Entries.Select(entry => (entry.Level, entry.Text)));
    }

    private static Task Post(ActionQueue queue, string worker, Action<SynchronizeRequest> fill)
    {
        var request = new SynchronizeRequest { SlotId = $"{worker}/0", WorkerName = worker, Platform = SchedulerDriver.Platform(("pool", "big")) };
        fill(request);
        return queue.SynchronizeAsync(request, TestContext.Current.CancellationToken);
    }
}
