using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using RemoteExec.Execution.Operations;
using RemoteExec.Execution.Operators;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Execution.Tests.Scheduling;
using RemoteExec.Protocol.Audits;
using RemoteExec.Protocol.Operators;
using RemoteExec.Protocol.Workers;

namespace RemoteExec.Execution.Tests.Operators;

/// <summary>What operators see of a scheduler.</summary>
public sealed class ViewTests
{
    private static readonly Reapi.Platform big = SchedulerDriver.Platform(("OSFamily", "linux"), ("pool", "big"));
    private static readonly Reapi.Platform small = SchedulerDriver.Platform(("OSFamily", "linux"));

    private readonly SchedulerDriver driver = new(new ExecutionOptions { WaitsForUnknownWorkers = true, NoWorkerTimeout = TimeSpan.FromHours(1) });
    private int lastName = 1000; // beside those that the driver makes

    [Fact]
    public void A_queue_tells_what_waits_how_long_and_who_could_run_it()
    {
        Execute(1, small, "one");
        driver.Advance(TimeSpan.FromSeconds(30));
        Execute(2, small, "one");
        Execute(3, small, "two");
        Execute(4, big, "two");
        driver.Take("a/0", small, "a");
        driver.Idle("b/0", SchedulerDriver.Platform(("OSFamily", "darwin")), "b");
        driver.Advance(TimeSpan.FromSeconds(12));

        ListQueuesResponse view = List();

        QueueInfo queue = view.Queues.Single(queue => queue.Platform.Count == 1);
        Assert.Equal((2, 1, 1, 1, 0), (queue.Queued, queue.Running, queue.Workers, queue.Slots, queue.IdleSlots));
        Assert.Equal(TimeSpan.FromSeconds(12), queue.Oldest.ToTimeSpan());
        Assert.Equal([("one", 1, 1), ("two", 1, 0)], queue.Builds.Select(build => (build.Build, build.Queued, build.Running)).Order());
        Assert.All(queue.Builds, build => Assert.Equal("interactive", build.BuildClass));
        QueueInfo other = view.Queues.Single(queue => queue.Platform.Count == 2);
        Assert.Equal((1, 0, 0, 0), (other.Queued, other.Running, other.Workers, other.Slots));
        Assert.Equal([("OSFamily=darwin", 1, 0, 1), ("OSFamily=linux", 1, 1, 0)], view.Pools.Select(pool => (Text(pool.Platform), pool.Slots, pool.BusySlots, pool.IdleSlots)).Order());
    }

    [Fact]
    public void Builds_beyond_the_bound_are_counted()
    {
        for (int i = 0; i < 5; i++)
            Execute(i, small, $"build-{Math.Min(i, 2)}");

        QueueInfo queue = Assert.Single(List(mostBuilds: 1).Queues);

        Assert.Equal(("build-2", 3, 2), (Assert.Single(queue.Builds).Build, queue.Builds[0].Queued, queue.OtherBuilds));
    }

    [Fact]
    public void A_filter_selects_platforms_by_what_they_have_and_by_what_they_have_not()
    {
        Execute(1, small, "one");
        Execute(2, big, "one");
        driver.Idle("c/0", SchedulerDriver.Platform(("pool", "*")), "c");

        Assert.Equal(["OSFamily=linux", "OSFamily=linux,pool=big"], Selected("OSFamily=linux"));
        Assert.Equal(["OSFamily=linux,pool=big", "pool=*"], Selected("pool=big"));
        Assert.Equal(["OSFamily=linux"], Selected("pool="));
        Assert.Equal(["pool=*"], Selected("pool=huge"));
    }

    [Fact]
    public void A_worker_tells_what_it_has_and_runs()
    {
        OperationName operation = Execute(1, small, "one");
        driver.Post("a/0", post =>
        {
            post.Idle = new SynchronizeRequest.Types.Idle();
            post.WorkerId = "process";
            post.ProtocolMinor = 1;
            post.Resources = new RemoteExec.Protocol.Workers.Resources { CpuMillis = 4000, MemoryBytes = 8 << 20 };
        }, small, "a");
        driver.Idle("b/0", small, "b");

        WorkerInfo worker = Assert.Single(Workers("a"));

        Assert.Equal(("a", "process", 1, 1, 4000, 8 << 20), (worker.Name, worker.Id, worker.Slots, worker.BusySlots, worker.CpuMillis, worker.MemoryBytes));
        Assert.Equal((1000, 2 << 20, 1u), (worker.CpuMillisUsed, worker.MemoryBytesUsed, worker.ProtocolMinor));
        Assert.Equal([operation.ToString()], worker.Operations);
        Assert.Equal(driver.Now, worker.LastSeen.ToDateTimeOffset());
        Assert.Equal(["a", "b"], Workers("*").Select(each => each.Name).Order());
        Assert.Empty(Workers("c*"));
    }

    [Fact]
    public void A_drained_worker_is_out_of_service_until_that_is_taken_back()
    {
        driver.Idle("big-1/0", small, "big-1");
        driver.Idle("big-2/0", small, "big-2");

        driver.Apply(new SchedulerEvent.WorkersDrained("big-1*", Undo: false, Grace: null));

        Assert.Equal(["big-1*"], driver.Scheduler.Drained);
        Assert.Equal([("big-1", true), ("big-2", false)], Workers("*").Select(worker => (worker.Name, worker.Draining)).Order());
        PoolInfo pool = Assert.Single(List().Pools);
        Assert.Equal((1, 1, 1, 1), (pool.Workers, pool.Slots, pool.IdleSlots, pool.OutOfService));
        driver.Apply(new SchedulerEvent.WorkersDrained("big-1*", Undo: true, Grace: null));
        Assert.Equal((2, 0), (List().Pools[0].Workers, List().Pools[0].OutOfService));
    }

    [Fact]
    public void Operations_are_listed_up_to_a_limit_those_that_run_first()
    {
        OperationName first = Execute(1, small, "one");
        OperationName second = Execute(2, small, "two");
        OperationName third = Execute(3, big, "two");
        driver.Take("b/0", big, "b"); // takes the first
        driver.Idle("c/0", big, "c"); // and this the next

        ListOperationsResponse all = driver.Scheduler.ListOperations("", "", done: false, limit: 10);
        ListOperationsResponse some = driver.Scheduler.ListOperations("", "", done: false, limit: 2);

        Assert.Equal([first, second, third], all.Operations.Select(NameOf).OrderBy(name => name.Id));
        Assert.Equal(third, NameOf(all.Operations[2]));
        Assert.False(all.More);
        Assert.Equal(all.Operations.Take(2), some.Operations);
        Assert.True(some.More);
        Assert.Equal([second, third], driver.Scheduler.ListOperations("two", "", done: false, limit: 10).Operations.Select(NameOf));
        Assert.Equal([second], driver.Scheduler.ListOperations("", "c", done: false, limit: 10).Operations.Select(NameOf));
        Assert.Empty(driver.Scheduler.ListOperations("one", "c", done: false, limit: 10).Operations);
        Assert.Empty(driver.Scheduler.ListOperations("three", "", done: false, limit: 10).Operations);
    }

    [Fact]
    public void An_operation_tells_its_way_from_the_queue_to_its_end()
    {
        OperationName name = Execute(1, big, "one");
        OperationInfo queued = driver.Scheduler.Describe(name)!;
        driver.Advance(TimeSpan.FromSeconds(5));
        Lease lease = driver.Take("b/0", big, "b");
        OperationInfo running = driver.Scheduler.Describe(name)!;
        driver.Complete("b/0", lease.Id, new Reapi.ExecuteResponse { Result = new Reapi.ActionResult { ExitCode = 3, ExecutionMetadata = new() { Worker = "b" } } }, platform: big, worker: "b");
        driver.RecordLast();
        OperationInfo done = driver.Scheduler.Describe(name)!;

        Assert.Equal((Reapi.ExecutionStage.Types.Value.Queued, 0, ""), (queued.Stage, queued.Attempts, queued.Outcome));
        Assert.Equal("OSFamily=linux,pool=big", Text(queued.Platform));
        Assert.Equal(("one", "//:target", "Mnemonic", -7), (queued.Invocation, queued.Target, queued.Mnemonic, queued.Priority));
        Assert.Equal((Reapi.ExecutionStage.Types.Value.Executing, 1, "b"), (running.Stage, running.Attempts, Assert.Single(running.Workers)));
        Assert.Equal(TimeSpan.FromSeconds(5), running.Started.ToDateTimeOffset() - running.Queued.ToDateTimeOffset());
        Assert.Equal((Reapi.ExecutionStage.Types.Value.Completed, "nonzero_exit", "exit code 3"), (done.Stage, done.Outcome, done.Message));
        Assert.Equal(["b"], done.Workers);
        Assert.Equal([name], driver.Scheduler.ListOperations("one", "b", done: true, limit: 10).Operations.Select(NameOf));
        Assert.Empty(driver.Scheduler.ListOperations("", "a", done: true, limit: 10).Operations);
        Assert.Empty(driver.Scheduler.ListOperations("one", "", done: false, limit: 10).Operations);
    }

    [Fact]
    public void The_report_of_an_audit_is_named_and_what_is_none_is_not()
    {
        Reapi.Digest report = SchedulerDriver.DigestOf(7).ToProto();

        Assert.Equal($"sha256:{report.Hash}/{report.SizeBytes}", AuditOf(Any.Pack(new Audited { Report = report })));
        Assert.Equal("", AuditOf(Any.Pack(new Usage())));
        Assert.Equal("", AuditOf(Any.Pack(new Audited { Report = new Reapi.Digest { Hash = "none" } })));
        Assert.Equal("", AuditOf(new Any { TypeUrl = Any.Pack(new Audited()).TypeUrl, Value = ByteString.CopyFromUtf8("no message") }));

        string AuditOf(Any told)
        {
            var metadata = new Reapi.ExecutedActionMetadata { Worker = "b", AuxiliaryMetadata = { told } };
            OperationName name = Execute(1, big, "one");
            Lease lease = driver.Take("b/0", big, "b");
            driver.Complete("b/0", lease.Id, new Reapi.ExecuteResponse { Result = new Reapi.ActionResult { ExecutionMetadata = metadata } }, platform: big, worker: "b");
            driver.RecordLast();
            return driver.Scheduler.Describe(name)!.Audit;
        }
    }

    [Fact]
    public void Of_what_is_done_the_newest_comes_first_and_what_is_forgotten_is_no_longer_listed()
    {
        OperationName first = Execute(1, small, "one");
        OperationName second = Execute(2, small, "one");
        driver.Apply(new SchedulerEvent.OperationCancelled(first));
        driver.Advance(driver.Options.Retention / 2);
        driver.Apply(new SchedulerEvent.OperationCancelled(second));

        Assert.Equal([second, first], driver.Scheduler.ListOperations("", "", done: true, limit: 10).Operations.Select(NameOf));
        driver.Advance(driver.Options.Retention / 2);
        Assert.Equal([second], driver.Scheduler.ListOperations("one", "", done: true, limit: 10).Operations.Select(NameOf));
        Assert.Equal("cancelled", driver.Scheduler.Describe(second)!.Outcome);
        Assert.Null(driver.Scheduler.Describe(first));
    }

    [Fact]
    public void What_a_build_has_under_way_is_found_whether_it_is_prepared_waits_or_runs()
    {
        OperationName prepared = Start(1, "one");
        OperationName waiting = Execute(2, small, "one");
        OperationName cancelled = Execute(3, small, "one");
        Execute(4, small, "two");
        driver.Apply(new SchedulerEvent.OperationCancelled(cancelled));

        Assert.Equal([prepared, waiting], driver.Scheduler.UnfinishedOf("one").OrderBy(name => name.Id));
        Assert.Empty(driver.Scheduler.UnfinishedOf(""));
    }

    [Fact]
    public void A_build_that_was_cancelled_starts_nothing_more_for_an_hour()
    {
        driver.Apply(new SchedulerEvent.BuildCancelled("one"));

        Assert.Equal(FailureKind.Refused, driver.FailureOf(Start(1, "one")).Kind);
        Assert.Null(driver.States[Start(2, "two")].Outcome);
        Assert.Null(driver.States[driver.Start(3)].Outcome);
        driver.Advance(TimeSpan.FromHours(1));
        Assert.Null(driver.States[Start(4, "one")].Outcome);
    }

    private static OperationName NameOf(OperationInfo info) => OperationName.TryParse(info.Name, out OperationName name) ? name : throw new FormatException(info.Name);

    private static string Text(IEnumerable<Property> platform) => string.Join(',', platform.Select(property => $"{property.Name}={property.Value}"));

    private ListQueuesResponse List(int mostBuilds = 10, params string[] platform) =>
        driver.Scheduler.ListQueues(PlatformFilter.Of([.. platform.Select(PlatformArgument.Parse)]), mostBuilds, driver.Now);

    private IEnumerable<WorkerInfo> Workers(string name) => driver.Scheduler.FindWorkers(name).Select(driver.Scheduler.Describe).OfType<WorkerInfo>();

    private IEnumerable<string> Selected(params string[] platform)
    {
        ListQueuesResponse view = List(0, platform);
        return view.Queues.Select(queue => Text(queue.Platform)).Concat(view.Pools.Select(pool => Text(pool.Platform))).Order(StringComparer.Ordinal);
    }

    private OperationName Start(int action, string invocation)
    {
        var name = new OperationName(default, new Guid(++lastName, 0, 0, new byte[8]));
        driver.Apply(new SchedulerEvent.OperationStarted(name, SchedulerDriver.DigestOf(action), new Submission
        {
            Priority = -7,
            RequestMetadata = new Reapi.RequestMetadata { ToolInvocationId = invocation, TargetId = "//:target", ActionMnemonic = "Mnemonic" },
        }));
        return name;
    }

    private OperationName Execute(int action, Reapi.Platform platform, string invocation)
    {
        OperationName name = Start(action, invocation);
        driver.Prepare(name, action, platform);
        return name;
    }
}
