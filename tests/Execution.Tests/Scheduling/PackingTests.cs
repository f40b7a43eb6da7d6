using Google.Protobuf.WellKnownTypes;
using RemoteExec.Execution.Operations;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Protocol.Workers;
using RemoteExec.TestKit;
using Resources = RemoteExec.Protocol.Workers.Resources;

namespace RemoteExec.Execution.Tests.Scheduling;

/// <summary>What fits where: cores and memory, asked for or learned.</summary>
public sealed class PackingTests
{
    private const long GiB = 1L << 30;
    private readonly SchedulerDriver driver = new(new ExecutionOptions { QuarantineAfter = 2 });

    public PackingTests()
    {
        driver.Resources["small"] = new Resources { CpuMillis = 2000, MemoryBytes = 4 * GiB };
        driver.Resources["large"] = new Resources { CpuMillis = 8000, MemoryBytes = 32 * GiB };
    }

    [Fact]
    public void A_worker_runs_no_more_at_a_time_than_its_cores_are_enough_for()
    {
        for (int i = 1; i <= 3; i++)
            driver.Execute(i, Asking("cores", "1"));

        Lease first = driver.Take("s1", worker: "small");
        driver.Take("s2", worker: "small");
        long third = driver.Idle("s3", worker: "small");
        bool hadRoom = driver.Answers.ContainsKey(third);
        driver.Complete("s1", first.Id, leaving: true, worker: "small");

        Assert.False(hadRoom);
        Assert.Equal(3, SchedulerDriver.NumberOf(driver.Answers[third]!));
    }

    [Fact]
    public void Memory_counts_as_cores_do()
    {
        driver.Execute(1, Asking("memory", "3GiB"));
        driver.Execute(2, Asking("memory", "2GiB"));
        driver.Execute(3, Asking("memory", "1GiB"));

        Lease first = driver.Take("s1", worker: "small");
        Lease second = driver.Take("s2", worker: "small");

        Assert.Equal((1, 3), (SchedulerDriver.NumberOf(first), SchedulerDriver.NumberOf(second)));
        Assert.Equal(3 * GiB, first.SetAside?.MemoryBytes);
    }

    [Fact]
    public void Actions_that_do_not_ask_get_a_core_each_and_as_much_memory_as_goes_with_it()
    {
        driver.Execute(1);

        Lease lease = driver.Take("s1", worker: "small");

        Assert.Equal(new Execution.Scheduling.Resources(1000, 2 * GiB), lease.SetAside);
    }

    [Fact]
    public void A_worker_that_does_not_tell_what_it_has_is_limited_by_its_slots_alone()
    {
        driver.Execute(1, Asking("cores", "64"));

        Assert.Null(driver.Take("old").SetAside);
    }

    [Fact]
    public void What_asks_for_more_than_any_worker_has_fails_at_once_and_is_told_the_nearest()
    {
        driver.Idle("s1", worker: "small");
        driver.Idle("l1", worker: "large");

        Outcome.Failed cores = driver.FailureOf(driver.Execute(1, Asking("cores", "16")));
        Outcome.Failed memory = driver.FailureOf(driver.Execute(2, Asking("memory", "64GiB")));

        Assert.Equal((FailureKind.NoWorker, "no worker has 16 cores; the nearest, 'large', has 8"), (cores.Kind, cores.Message));
        Assert.Contains($"{64 * GiB} bytes of memory; the nearest, 'large', has {32 * GiB}", memory.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_waits_for_more_than_the_workers_have_that_are_left_fails_after_a_while()
    {
        Lease busy = Occupy("l1");
        driver.Idle("s1", worker: "small");
        OperationName operation = driver.Execute(2, Asking("cores", "8"));

        driver.Complete("l1", busy.Id, leaving: true, worker: "large");
        driver.Advance(driver.Options.NoWorkerTimeout - TimeSpan.FromSeconds(1));
        bool waited = !driver.States[operation].IsDone;
        driver.Idle("s1", worker: "small");
        driver.Advance(TimeSpan.FromSeconds(1));

        Assert.True(waited);
        Assert.Contains("8 cores", driver.FailureOf(operation).Message, StringComparison.Ordinal);
    }

    [Fact]
    [Rule("PLT-01")]
    public void Numbers_that_are_none_are_told()
    {
        Assert.False(driver.Options.Properties.TryRead(Asking("cores", "many"), out _, out string? cores));
        Assert.False(driver.Options.Properties.TryRead(Asking("memory", "-1"), out _, out string? memory));

        Assert.Contains("cores=many", cores, StringComparison.Ordinal);
        Assert.Contains("memory=-1", memory, StringComparison.Ordinal);
    }

    [Fact]
    public void A_big_action_is_not_passed_over_for_ever_by_small_ones()
    {
        Lease[] running = [.. Enumerable.Range(0, 8).Select(i => Occupy($"l{i}"))];
        driver.ExecuteFor("big", 50, platform: Asking("cores", "8"));
        for (int i = 100; i < 1000; i++)
            driver.ExecuteFor("small", i, platform: Asking("cores", "1"));

        // Each small one that ends makes room for another small one, until the worker is kept free.
        int served = 0;
        Lease?[] slots = [.. running];
        while (served < 900 && driver.States.Values.Any(state => state.Name.Id == OfBig(driver) && state.Progress is null))
        {
            for (int i = 0; i < slots.Length; i++)
            {
                if (slots[i] is not { } lease)
                    continue;
                long poll = driver.Complete($"l{i}", lease.Id, worker: "large");
                slots[i] = driver.Answers[poll];
                served++;
                if (slots[i] is null)
                    driver.Idle($"l{i}", worker: "large");
            }
        }

        Assert.InRange(served, 8, 40);
    }

    [Fact]
    public void What_actions_used_is_expected_of_others_of_the_same_mnemonic()
    {
        driver.ExecuteFor("b", 1, mnemonic: "Javac");
        Lease first = driver.Take("l1", worker: "large");
        driver.Complete("l1", first.Id, usage: Used(cpuSeconds: 6, seconds: 2, memory: 4 * GiB), leaving: true, worker: "large");
        driver.RecordLast();

        driver.ExecuteFor("b", 2, mnemonic: "Javac");
        driver.ExecuteFor("b", 3, mnemonic: "CppCompile");

        Assert.Equal(new Execution.Scheduling.Resources(3000, 5 * GiB), driver.Take("l1", worker: "large").SetAside);
        Assert.Equal(new Execution.Scheduling.Resources(1000, 4 * GiB), driver.Take("l2", worker: "large").SetAside);
    }

    [Fact]
    public void What_is_expected_never_keeps_an_action_from_an_empty_worker()
    {
        driver.ExecuteFor("b", 1, mnemonic: "Link");
        Lease first = driver.Take("l1", worker: "large");
        driver.Complete("l1", first.Id, usage: Used(cpuSeconds: 100, seconds: 2, memory: 100 * GiB), leaving: true, worker: "large");
        driver.RecordLast();

        driver.ExecuteFor("b", 2, mnemonic: "Link");

        Assert.Equal(new Execution.Scheduling.Resources(2000, 4 * GiB), driver.Take("s1", worker: "small").SetAside);
    }

    [Fact]
    public void An_action_that_ran_out_of_memory_is_tried_with_more_on_any_worker()
    {
        OperationName operation = driver.Execute(1, Asking("memory", "1GiB"));
        Lease first = driver.Take("s1", worker: "small");

        long answer = driver.Complete("s1", first.Id, Killed(), worker: "small", outOfMemory: true);
        Lease second = driver.Answers[answer]!;

        Assert.Equal(2 * GiB, second.SetAside?.MemoryBytes);
        Assert.False(driver.States[operation].IsDone);
    }

    [Fact]
    public void An_action_that_had_all_there_is_and_ran_out_of_it_has_its_result()
    {
        OperationName operation = driver.Execute(1, Asking("memory", "4GiB"));
        Lease lease = driver.Take("s1", worker: "small");

        driver.Complete("s1", lease.Id, Killed(), worker: "small", outOfMemory: true);
        driver.RecordLast();

        Assert.Equal(137, Assert.IsType<Outcome.Answered>(driver.States[operation].Outcome).Response.Result.ExitCode);
        Assert.False(driver.Records[^1].Store);
    }

    [Fact]
    public void Of_several_workers_the_one_that_has_most_of_the_inputs_gets_an_action()
    {
        driver.ExecuteFor("b", 1, locality: [10, 11, 12]);
        Lease there = driver.Take("w1");
        driver.Idle("w0");
        driver.Complete("w1", there.Id);
        driver.RecordLast();
        driver.Idle("w1");

        driver.ExecuteFor("b", 2, locality: [20, 11, 12]);
        driver.ExecuteFor("b", 3, locality: [30, 31]);

        Assert.Equal("w1", driver.States.Values.Single(state => state.ActionDigest == SchedulerDriver.DigestOf(2)).Progress?.Metadata.Worker);
        Assert.Equal("w0", driver.States.Values.Single(state => state.ActionDigest == SchedulerDriver.DigestOf(3)).Progress?.Metadata.Worker);
    }

    [Fact]
    public void Of_several_actions_of_a_build_a_worker_gets_one_whose_inputs_it_has()
    {
        driver.ExecuteFor("b", 1, locality: [10]);
        Lease lease = driver.Take("w1");
        driver.ExecuteFor("b", 2, locality: [20]);
        driver.ExecuteFor("b", 3, locality: [10]);

        long answer = driver.Complete("w1", lease.Id);

        Assert.Equal(3, SchedulerDriver.NumberOf(driver.Answers[answer]!));
    }

    [Fact]
    public void A_minimum_is_met_by_more()
    {
        var minimum = new SchedulerDriver(new ExecutionOptions { Properties = new PropertyKinds { Minimum = ["gpus"], Ignored = ["cache-*"] } });
        minimum.Execute(1, SchedulerDriver.Platform(("cache-name", "any"), ("gpus", "2")));

        long two = minimum.Idle("one", SchedulerDriver.Platform(("gpus", "1")));
        Lease lease = minimum.Take("four", SchedulerDriver.Platform(("gpus", "4")));

        Assert.DoesNotContain(two, minimum.Answers);
        Assert.Equal(1, SchedulerDriver.NumberOf(lease));
    }

    [Fact]
    public void The_key_of_a_persistent_process_means_nothing_to_the_choice_of_a_worker()
    {
        driver.Execute(1, SchedulerDriver.Platform(("persistentWorkerKey", "some key"), ("persistentWorkerProtocol", "json")));

        Assert.Equal(1, SchedulerDriver.NumberOf(driver.Take("slot")));
    }

    [Fact]
    public void Bounds_on_outputs_mean_nothing_to_the_choice_of_a_worker_but_have_to_be_numbers()
    {
        driver.Execute(1, SchedulerDriver.Platform(("max-output-bytes", "2GiB"), ("max-output-files", "100"), ("max-disk-bytes", "3g")));

        Assert.Equal(1, SchedulerDriver.NumberOf(driver.Take("slot")));
        Assert.False(new PropertyKinds().TryRead(Asking("max-output-files", "many"), out _, out string? error));
        Assert.Contains("max-output-files=many", error, StringComparison.Ordinal);
    }

    private static Guid OfBig(SchedulerDriver driver) => driver.States.Values.Single(state => state.ActionDigest == SchedulerDriver.DigestOf(50)).Name.Id;

    private Lease Occupy(string slot)
    {
        driver.ExecuteFor("first", 900 + slot[^1], platform: Asking("cores", "1"));
        return driver.Take(slot, worker: "large");
    }

    private static Reapi.Platform Asking(string name, string value) => SchedulerDriver.Platform((name, value));

    private static Reapi.ExecuteResponse Killed() => new() { Result = new Reapi.ActionResult { ExitCode = 137 } };

    private static Usage Used(double cpuSeconds, double seconds, long memory) => new()
    {
        CpuTime = Duration.FromTimeSpan(TimeSpan.FromSeconds(cpuSeconds)),
        WallTime = Duration.FromTimeSpan(TimeSpan.FromSeconds(seconds)),
        PeakMemoryBytes = memory,
    };
}
