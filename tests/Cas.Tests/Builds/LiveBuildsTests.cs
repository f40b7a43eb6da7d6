using RemoteExec.Cas.Builds;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Builds;

public sealed class LiveBuildsTests
{
    private static readonly TimeSpan quietTime = TimeSpan.FromMinutes(30);
    private readonly ManualTimeProvider time = new();
    private readonly LiveBuilds builds;

    public LiveBuildsTests() => builds = new LiveBuilds(quietTime, time);

    [Fact]
    public void Without_a_call_there_is_no_build() => Assert.Null(Oldest());

    [Fact]
    public void A_build_lives_until_it_was_silent_for_the_quiet_time()
    {
        long began = time.GetTimestamp();
        Call("a");
        time.Advance(quietTime - TimeSpan.FromSeconds(1));
        Call("a");
        time.Advance(quietTime - TimeSpan.FromSeconds(1));
        Assert.Equal(began, Oldest());

        time.Advance(TimeSpan.FromSeconds(1));

        Assert.Null(Oldest());
    }

    [Fact]
    public void A_call_that_takes_long_keeps_its_build_alive()
    {
        long began = time.GetTimestamp();
        LiveBuild? execution = builds.Enter("a");
        time.Advance(10 * quietTime);
        Call("another"); // which makes those be forgotten that have ended
        Assert.Equal(began, Oldest());

        builds.Leave(execution);
        time.Advance(quietTime / 2);
        Assert.Equal(began, Oldest());
        time.Advance(quietTime / 2);

        Assert.Null(Oldest());
    }

    [Fact]
    public void The_oldest_is_the_one_that_began_first_of_those_after_a_time()
    {
        Call("a");
        long a = time.GetTimestamp();
        time.Advance(TimeSpan.FromMinutes(1));
        Call("b");
        long b = time.GetTimestamp();
        time.Advance(TimeSpan.FromMinutes(1));
        Call("a");

        Assert.Equal(a, Oldest());
        Assert.Equal(b, builds.OldestSince(a));
        Assert.Null(builds.OldestSince(b));
    }

    [Fact]
    public void A_build_that_comes_back_after_it_was_given_up_is_a_new_one()
    {
        Call("a");
        time.Advance(2 * quietTime);

        Call("a");

        Assert.Equal(time.GetTimestamp(), Oldest());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void Calls_without_a_name_count_as_a_build_that_is_succeeded_by_another(string? name)
    {
        long first = time.GetTimestamp();
        for (int minute = 0; minute < 30; minute++)
        {
            Call(name);
            time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal(first, Oldest());
        for (int minute = 30; minute < 200; minute++)
        {
            Call(name);
            TimeSpan age = time.GetElapsedTime(Oldest()!.Value);
            Assert.True(age < 2 * quietTime, $"{age} are kept");
            time.Advance(TimeSpan.FromMinutes(1));
        }
    }

    [Fact]
    public void Names_that_are_too_many_or_too_long_take_no_memory_each()
    {
        Call(new string('x', 1000));
        for (int i = 0; i < LiveBuilds.MostBuilds; i++)
            Call($"{i}");

        LiveBuild? one = builds.Enter("one too many"), another = builds.Enter("another"), nameless = builds.Enter(null);

        Assert.Same(nameless, one);
        Assert.Same(nameless, another);
        Assert.Same(builds.Enter("5"), builds.Enter("5"));
        Assert.NotSame(nameless, builds.Enter("5"));
    }

    [Fact]
    public void With_no_quiet_time_no_build_is_known()
    {
        var none = new LiveBuilds(TimeSpan.Zero, time);

        LiveBuild? call = none.Enter("a");

        Assert.Null(call);
        Assert.Null(none.OldestSince(long.MinValue));
        none.Leave(call);
    }

    private void Call(string? build) => builds.Leave(builds.Enter(build));

    private long? Oldest() => builds.OldestSince(long.MinValue);
}
