using System.Diagnostics.Metrics;
using System.Globalization;
using RemoteExec.Execution.Operations;
using RemoteExec.Execution.Operators;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Execution.Tests.Scheduling;
using RemoteExec.Protocol.Operators;
using RemoteExec.TestKit;

namespace RemoteExec.Execution.Tests.Operators;

/// <summary>What the scheduler counts.</summary>
public sealed class MetricsTests : IDisposable
{
    private readonly ManualTimeProvider time = new();
    private readonly MeterListener listener = new();
    private readonly List<string> heard = [];
    private readonly ExecutionMetrics metrics;
    private ListQueuesResponse view = new();
    private int looks;

    public MetricsTests()
    {
        metrics = new ExecutionMetrics(Look, time);
        listener.InstrumentPublished = (instrument, target) =>
        {
            if (instrument.Meter == metrics.Meter) // meters are heard across all tests
                target.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Hear(instrument, value, tags));
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Hear(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Hear(instrument, value, tags));
        listener.Start();
    }

    public void Dispose()
    {
        listener.Dispose();
        metrics.Dispose();
    }

    [Fact]
    public void Attempts_ends_and_lost_workers_are_counted()
    {
        var driver = new SchedulerDriver { OnEffect = metrics.Count };
        driver.Execute(1);
        driver.Advance(TimeSpan.FromSeconds(3));
        Lease lease = driver.Take("a");
        driver.Advance(TimeSpan.FromSeconds(2));
        driver.Complete("a", lease.Id);
        driver.RecordLast();
        OperationName second = driver.Execute(2);
        driver.Take("a");
        driver.Apply(new SchedulerEvent.OperationCancelled(second));
        driver.Advance(driver.Options.LeaseDuration);

        Assert.Equal(
            [
                "queue.time 3 s", "attempts 1 {attempt} result=done", "run.time 2 s result=done", "operations.done 1 {operation} outcome=ok",
                "queue.time 0 s", "attempts 1 {attempt} result=stopped", "run.time 0 s result=stopped", "operations.done 1 {operation} outcome=cancelled", "workers.lost 1 {worker}",
            ],
            heard);
    }

    [Fact]
    public void Gauges_tell_of_one_moment_by_platform()
    {
        view = new ListQueuesResponse
        {
            Queues = { new QueueInfo { Platform = { Of("pool", "big") }, Queued = 7, Running = 2, Oldest = Google.Protobuf.WellKnownTypes.Duration.FromTimeSpan(TimeSpan.FromSeconds(90)) } },
            Pools = { new PoolInfo { Platform = { Of("pool", "big"), Of("OSFamily", "linux") }, Workers = 1, Slots = 4, IdleSlots = 2 } },
        };

        listener.RecordObservableInstruments();

        Assert.Equal(
            [
                "queue.age 90 s platform=pool=big", "queue.depth 7 {action} platform=pool=big", "queue.running 2 {action} platform=pool=big", "slots 4 {slot} platform=pool=big,OSFamily=linux",
                "slots.idle 2 {slot} platform=pool=big,OSFamily=linux", "workers 1 {worker} platform=pool=big,OSFamily=linux",
            ],
            heard.Order(StringComparer.Ordinal));
        Assert.Equal(1, looks);
        time.Advance(TimeSpan.FromSeconds(1));
        listener.RecordObservableInstruments();
        Assert.Equal(2, looks);
    }

    [Fact]
    public void Beyond_fifty_platforms_all_others_are_one()
    {
        for (int i = 0; i < 60; i++)
            view.Queues.Add(new QueueInfo { Platform = { Of("pool", $"{i}") }, Queued = 1 });
        listener.RecordObservableInstruments();
        Assert.Equal(51, heard.Count(line => line.StartsWith("queue.depth", StringComparison.Ordinal)));
        Assert.Contains("queue.depth 10 {action} platform=other", heard);

        heard.Clear();
        time.Advance(TimeSpan.FromSeconds(1));
        view = new ListQueuesResponse { Queues = { new QueueInfo { Platform = { Of("pool", "new") }, Queued = 3 }, new QueueInfo { Platform = { Of("pool", "0") }, Queued = 4 } } };
        listener.RecordObservableInstruments();

        string[] depths = [.. heard.Where(line => line.StartsWith("queue.depth", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
        Assert.Equal(["queue.depth 3 {action} platform=other", "queue.depth 4 {action} platform=pool=0"], depths.Where(line => !line.StartsWith("queue.depth 0", StringComparison.Ordinal)));
        Assert.Equal(51, depths.Length); // of what has gone it is told that there is nothing: else what was told last would stand
    }

    private static Property Of(string name, string value) => new() { Name = name, Value = value };

    private ListQueuesResponse Look()
    {
        looks++;
        return view;
    }

    private void Hear<T>(Instrument instrument, T value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        string text = string.Create(CultureInfo.InvariantCulture, $"{instrument.Name["remoteexec.".Length..]} {value} {instrument.Unit}");
        foreach ((string key, object? tag) in tags)
            text += $" {key}={tag}";
        heard.Add(text);
    }
}
