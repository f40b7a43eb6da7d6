using FsCheck;
using FsCheck.Fluent;
using RemoteExec.Execution.Scheduling;
using RemoteExec.TestKit;

namespace RemoteExec.Execution.Tests.Scheduling;

/// <summary>Whose turn it is.</summary>
public sealed class FairnessTests
{
    private static readonly string[] tenants = ["a", "b", "c"];
    private static readonly double[] weights = [1, 2, 4];
    private static readonly FairnessOptions weighted = new()
    {
        Tenants = new Dictionary<string, double> { ["a"] = 1, ["b"] = 2, ["c"] = 4 },
        Rules = [new BuildRule { Class = BuildClass.Batch, Tool = "ci" }],
    };

    private int lastAction;

    [Fact]
    public void A_build_of_many_actions_does_not_keep_a_small_one_waiting()
    {
        var driver = new SchedulerDriver();
        for (int i = 0; i < 50_000; i++)
            driver.ExecuteFor("large", ++lastAction);
        RunNext(driver, 100);
        int small = lastAction + 1;
        for (int i = 0; i < 50; i++)
            driver.ExecuteFor("small", ++lastAction);

        List<int> served = RunNext(driver, 101);

        Assert.Equal(50, served.Count(action => action >= small));
    }

    [Fact]
    public void Builds_take_turns()
    {
        var driver = new SchedulerDriver();
        foreach (string build in new[] { "x", "x", "x", "x", "y", "y", "z" })
            driver.ExecuteFor(build, ++lastAction);

        Assert.Equal([1, 5, 7, 2, 6, 3, 4], RunNext(driver, 7));
    }

    [Fact]
    public void A_tenant_gets_what_its_weight_says_however_many_builds_it_has()
    {
        var driver = new SchedulerDriver(new ExecutionOptions { Fairness = weighted });
        Dictionary<int, string> tenantOf = [];
        for (int i = 0; i < 100; i++)
        {
            foreach (string tenant in tenants)
            {
                driver.ExecuteFor($"{tenant}{(tenant == "a" ? i : 0)}", ++lastAction, instance: tenant);
                tenantOf[lastAction] = tenant;
            }
        }

        Dictionary<string, int> served = RunNext(driver, 70).CountBy(action => tenantOf[action]).ToDictionary();

        Assert.Equal(10, served["a"]);
        Assert.Equal(20, served["b"]);
        Assert.Equal(40, served["c"]);
    }

    [Fact]
    public void The_weight_of_an_instance_holds_for_those_below_it_together()
    {
        Requester requester = new FairnessOptions { Tenants = new Dictionary<string, double> { ["team"] = 2 } }.RequesterOf(Instance("team/ci"), 0, null);

        Assert.Equal("team", requester.Tenant);
    }

    [Fact]
    public void Interactive_builds_go_before_those_that_a_rule_calls_batch_and_do_not_starve_them()
    {
        var driver = new SchedulerDriver(new ExecutionOptions { Fairness = weighted });
        HashSet<int> batch = [];
        for (int i = 0; i < 100; i++)
        {
            driver.ExecuteFor("nightly", ++lastAction, tool: "ci");
            batch.Add(lastAction);
        }

        for (int i = 0; i < 100; i++)
            driver.ExecuteFor("mine", ++lastAction, tool: "bazel");

        List<int> served = RunNext(driver, 63);

        Assert.DoesNotContain(served[0], batch);
        Assert.Equal(3, served.Count(batch.Contains));
    }

    [Fact]
    [Rule("EXE-16")]
    public void Within_a_build_priority_goes_first_then_the_critical_path()
    {
        var driver = new SchedulerDriver();
        driver.Execute(1, priority: 1);
        driver.Execute(2, CriticalPath(10));
        driver.Execute(3, CriticalPath(60));
        driver.Execute(4);
        driver.Execute(5, priority: -1);

        Assert.Equal([5, 3, 2, 4, 1], RunNext(driver, 5));
    }

    [Fact]
    public void An_action_that_two_builds_wait_for_runs_when_it_is_the_turn_of_the_first_of_them()
    {
        var driver = new SchedulerDriver();
        for (int i = 0; i < 10; i++)
            driver.ExecuteFor("large", ++lastAction);

        driver.ExecuteFor("small", 10);

        Assert.Equal(10, RunNext(driver, 2)[1]);
    }

    [Fact]
    public void A_build_that_waits_no_more_for_a_shared_action_does_not_pay_for_it()
    {
        var driver = new SchedulerDriver();
        for (int i = 0; i < 10; i++)
            driver.ExecuteFor("large", ++lastAction);

        driver.Apply(new SchedulerEvent.OperationCancelled(driver.ExecuteFor("small", 10)));

        Assert.Equal([1, 2, 3], RunNext(driver, 3));
    }

    [Fact]
    public void Nothing_is_remembered_of_builds_that_are_over()
    {
        var root = new FairTree(weighted);
        for (int i = 0; i < 1000; i++)
        {
            FairShare share = root.ShareOf(new Requester(tenants[i % 3], BuildClass.Interactive, $"build{i}"));
            share.AddWaiting(1);
            share.AddRunning(1);
            share.Charge(i);
            share.AddWaiting(-1);
            share.AddRunning(-1);
        }

        Assert.Empty(root.Root.Children);
    }

    // Goyal, Vin and Cheng: over any time in which both have something waiting, two shares are apart by no more than one action of each, by weight.
    [Fact]
    public void Whatever_comes_and_goes_nobody_gets_ahead_by_more_than_one_action_of_each() =>
        Prop.ForAll(Arb.From(Gen.ArrayOf(Gen.Choose(0, 9), 400)), choices =>
        {
            var driver = new SchedulerDriver(new ExecutionOptions { Fairness = weighted });
            Dictionary<int, int> tenantOf = [];
            int[] waiting = new int[3];
            double[] got = new double[3];
            var apart = new (double Least, double Most)[3, 3];
            Reset(0, 1, 2);
            foreach (int choice in choices)
            {
                int tenant = choice % 3;
                if (choice < 6)
                {
                    driver.ExecuteFor($"{choice}", ++lastAction, instance: tenants[tenant]);
                    tenantOf[lastAction] = tenant;
                    if (++waiting[tenant] == 1)
                        Reset(tenant);
                }
                else if (waiting.Sum() > 0)
                {
                    int served = tenantOf[RunNext(driver, 1)[0]];
                    got[served] += 1 / weights[served];
                    for (int i = 0; i < 3; i++)
                        Compare(served, i);
                    if (--waiting[served] == 0)
                        Reset(served);
                }
            }

            void Compare(int one, int other)
            {
                (int i, int j) = one < other ? (one, other) : (other, one);
                if (i == j || waiting[i] == 0 || waiting[j] == 0)
                    return;
                double now = got[i] - got[j];
                apart[i, j] = (Math.Min(apart[i, j].Least, now), Math.Max(apart[i, j].Most, now));
                double bound = (1 / weights[i]) + (1 / weights[j]);
                Assert.True(
                    apart[i, j].Most - apart[i, j].Least <= bound + 1e-9,
                    $"{tenants[i]} and {tenants[j]} are {apart[i, j].Most - apart[i, j].Least} apart, which may be {bound}");
            }

            void Reset(params int[] changed)
            {
                foreach (int i in changed)
                {
                    for (int j = 0; j < 3; j++)
                        apart[Math.Min(i, j), Math.Max(i, j)] = Both(got[Math.Min(i, j)] - got[Math.Max(i, j)]);
                }
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    private static (double, double) Both(double value) => (value, value);

    // One worker with one slot runs so many, one after the other; they need not be recorded for that.
    private static List<int> RunNext(SchedulerDriver driver, int count)
    {
        List<int> served = [];
        for (int i = 0; i < count; i++)
        {
            Lease lease = driver.Take("worker");
            served.Add(SchedulerDriver.NumberOf(lease));
            driver.Complete("worker", lease.Id, leaving: true);
            driver.RecordLast();
        }

        return served;
    }

    private static Reapi.Platform CriticalPath(int seconds) => SchedulerDriver.Platform(("critical-path-seconds", $"{seconds}"));

    private static Protocol.InstanceName Instance(string name) =>
        Protocol.InstanceName.TryParse(name, out Protocol.InstanceName instance, out string? error) ? instance : throw new ArgumentException(error);
}
