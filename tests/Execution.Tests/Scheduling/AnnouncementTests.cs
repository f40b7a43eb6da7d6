using RemoteExec.Execution.Scheduling;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Workers;

namespace RemoteExec.Execution.Tests.Scheduling;

/// <summary>What workers are told that they may be given next.</summary>
public sealed class AnnouncementTests
{
    private readonly SchedulerDriver driver = new() { Minor = WorkerProtocol.Minor };

    [Fact]
    public void A_worker_is_told_as_much_as_it_has_slots_of_what_is_left()
    {
        driver.Idle("a/0", worker: "a");
        driver.Idle("a/1", worker: "a");
        for (int action = 1; action <= 6; action++)
            driver.Execute(action);
        (int first, int second) = (LastLeaseOf(1), LastLeaseOf(2));

        long poll = Complete("a/0", first);

        Assert.Equal(3, NumberOf(poll));
        Assert.Equal([4, 5], driver.Upcoming[poll]);
        Assert.Equal([5, 6], driver.Upcoming[Complete("a/1", second)]);
    }

    [Fact]
    public void What_comes_while_it_runs_something_is_told_by_a_post_that_is_held()
    {
        driver.Execute(1);
        Lease lease = driver.Take("a");
        long held = driver.Executing("a", lease.Id);
        Assert.DoesNotContain(held, driver.Answers);

        driver.Execute(2);

        Assert.Equal(lease, driver.Answers[held]);
        Assert.Equal([2], driver.Upcoming[held]);
        Assert.DoesNotContain(driver.Executing("a", lease.Id), driver.Answers); // it has heard all there is
    }

    [Fact]
    public void What_came_between_two_posts_is_told_with_the_next()
    {
        driver.Execute(1);
        Lease lease = driver.Take("a");

        driver.Execute(2);

        Assert.Equal([2], driver.Upcoming[driver.Executing("a", lease.Id)]);
    }

    [Fact]
    public void Held_posts_are_answered_for_that_once_a_second()
    {
        driver.Idle("a/0", worker: "a");
        driver.Idle("a/1", worker: "a");
        driver.Execute(1);
        driver.Execute(2);
        string lease = driver.Answers.Values.OfType<Lease>().First().Id;
        driver.Executing("a/0", lease, worker: "a");
        driver.Execute(3);
        long held = driver.Executing("a/0", lease, worker: "a");

        driver.Execute(4);
        driver.Advance(TimeSpan.FromMilliseconds(900));
        Assert.DoesNotContain(held, driver.Answers);
        driver.Advance(TimeSpan.FromMilliseconds(100));

        Assert.Equal([3, 4], driver.Upcoming[held]);
    }

    [Fact]
    public void Of_two_workers_each_is_told_something_else()
    {
        driver.Execute(1);
        driver.Execute(2);
        long first = driver.Executing("a", driver.Take("a").Id), second = driver.Executing("b", driver.Take("b").Id);

        driver.Execute(3);
        driver.Execute(4);

        Assert.Equal([3, 4], new[] { first, second }.SelectMany(poll => driver.Upcoming[poll]).Order());
        Assert.Single(driver.Upcoming[first]);
    }

    [Fact]
    public void Who_was_told_of_an_action_is_given_it_before_others_that_wait_as_long()
    {
        driver.Execute(1);
        driver.Execute(2);
        Lease ofA = driver.Take("a"), ofB = driver.Take("b");
        long held = driver.Executing("a", ofA.Id);
        driver.Executing("b", ofB.Id);
        driver.ExecuteFor("build", 3, locality: [30]);
        driver.ExecuteFor("build", 4, locality: [40]);
        int toldToA = Assert.Single(driver.Upcoming[held]);

        long poll = driver.Complete("b", ofB.Id);

        Assert.Equal(toldToA == 3 ? 4 : 3, NumberOf(poll));
    }

    [Fact]
    public void Those_who_share_the_workers_are_told_of_in_turn()
    {
        for (int slot = 0; slot < 4; slot++)
            driver.Idle($"a/{slot}", worker: "a");
        for (int action = 1; action <= 4; action++)
            driver.ExecuteFor("first", action);
        for (int action = 11; action <= 14; action++)
            driver.ExecuteFor("one", action);
        for (int action = 21; action <= 24; action++)
            driver.ExecuteFor("other", action);
        string lease = driver.Answers.Values.OfType<Lease>().First().Id;

        int[] told = driver.Upcoming[driver.Executing("a/0", lease, worker: "a")];

        Assert.Equal([11, 12, 21, 22], told.Order());
        Assert.Equal([11, 21], told[..2].Order());
    }

    [Fact]
    public void Workers_of_earlier_versions_are_told_nothing()
    {
        driver.Minor = WorkerProtocol.MinorWithUpcoming - 1;
        driver.Execute(1);
        Lease lease = driver.Take("a");
        long held = driver.Executing("a", lease.Id);

        driver.Execute(2);
        driver.Execute(3);

        Assert.DoesNotContain(held, driver.Answers);
        Assert.Empty(driver.Upcoming[driver.Complete("a", lease.Id)]);
    }

    [Fact]
    public void What_a_worker_was_told_that_gets_nothing_new_another_is_told()
    {
        driver.Execute(1);
        driver.Execute(2);
        Lease first = driver.Take("a"), second = driver.Take("b");
        driver.Executing("a", first.Id);
        driver.Execute(3);
        driver.Apply(new SchedulerEvent.WorkersDrained("a", Undo: false, Grace: null));

        Assert.Equal([3], driver.Upcoming[driver.Executing("b", second.Id)]);
        Assert.DoesNotContain(driver.Executing("a", first.Id), driver.Answers);
    }

    [Fact]
    public void What_no_worker_may_be_given_is_told_to_none()
    {
        driver.Resources["a"] = new Protocol.Workers.Resources { CpuMillis = 1000, MemoryBytes = 1 << 30 };
        driver.Resources["big"] = new Protocol.Workers.Resources { CpuMillis = 4000, MemoryBytes = 1 << 30 };
        driver.Execute(1, SchedulerDriver.Platform(("cores", "4")));
        Lease big = driver.Take("big");
        driver.Execute(2);
        Lease small = driver.Take("a");

        driver.Execute(3, SchedulerDriver.Platform(("cores", "3")));

        Assert.DoesNotContain(driver.Executing("a", small.Id), driver.Answers);
        Assert.Equal([3], driver.Upcoming[driver.Executing("big", big.Id)]);
    }

    [Fact]
    public void Where_there_are_many_workers_nothing_is_told()
    {
        for (int i = 1; i <= 33; i++)
            driver.Execute(i);
        Lease[] leases = [.. Enumerable.Range(1, 33).Select(i => driver.Take($"worker{i}"))];
        driver.Execute(34);

        long held = driver.Executing("worker1", leases[0].Id);
        Assert.DoesNotContain(held, driver.Answers);
        driver.Leave("worker33");

        Assert.Equal([33, 34], new[] { held, driver.Executing("worker2", leases[1].Id) }.SelectMany(poll => driver.Upcoming[poll]).Order());
    }

    private int LastLeaseOf(int action) => driver.Answers.Values.ToList().FindLastIndex(lease => lease is not null && SchedulerDriver.NumberOf(lease) == action);

    private long Complete(string slot, int answer) => driver.Complete(slot, driver.Answers.Values.ElementAt(answer)!.Id, worker: "a");

    private int NumberOf(long poll) => SchedulerDriver.NumberOf(driver.Answers[poll]!);
}
