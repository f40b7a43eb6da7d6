using RemoteExec.Builds.Critical;

namespace RemoteExec.Builds.Tests.Critical;

public sealed class CriticalPathTests : IAsyncLifetime
{
    private readonly CriticalBuild build = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => build.DisposeAsync();

    [Fact]
    public async Task The_chain_that_runs_longest_is_found_by_what_takes_what()
    {
        await build.RunAsync("gen/a.h", TimeSpan.FromSeconds(1), ["a.in"]);
        await build.RunAsync("b.o", TimeSpan.FromSeconds(5), ["b.cc"]);
        await build.RunAsync("a.o", TimeSpan.FromSeconds(3), ["a.cc", "gen/a.h"]);
        await build.RunAsync("app", TimeSpan.FromSeconds(2), ["a.o", "b.o"]);
        await build.RunAsync("doc", TimeSpan.FromSeconds(4), ["doc.md"]);

        CriticalPath path = await build.FindAsync();

        Assert.Equal(["//:b.o", "//:app"], path.Steps.Select(step => step.Action.Target));
        Assert.Equal([5, 2], path.Steps.Select(step => step.Seconds));
        Assert.Equal(["", "b.o"], path.Steps.Select(step => step.Input));
        Assert.Equal((7, 15, 5, 0, 0, true), (path.Seconds, path.TotalSeconds, path.Actions, path.WithoutInputs, path.WithoutTime, path.IsComplete));
    }

    [Fact]
    public async Task Hits_count_for_as_long_as_they_ran_when_their_results_were_made()
    {
        await build.RunAsync("gen/a.h", TimeSpan.FromSeconds(8), ["a.in"], isHit: true);
        await build.RunAsync("a.o", TimeSpan.FromSeconds(3), ["a.cc", "gen/a.h"]);

        CriticalPath path = await build.FindAsync();

        Assert.Equal((11, "gen/a.h"), (path.Seconds, path.Steps[1].Input));
    }

    [Fact]
    public async Task What_the_client_runs_itself_counts_from_its_being_asked_for_until_it_is_stored()
    {
        await build.StoreAsync("a.o", TimeSpan.FromSeconds(6), ["a.cc"]);
        await build.StoreAsync("app", TimeSpan.FromSeconds(1), ["a.o"]);

        Assert.Equal(7, (await build.FindAsync()).Seconds);
    }

    [Fact]
    public async Task Directories_are_outputs_too()
    {
        await build.RunAsync("classes/", TimeSpan.FromSeconds(3), ["a.java"]);
        await build.RunAsync("app.jar", TimeSpan.FromSeconds(1), ["main.java", "classes/file"]);

        CriticalPath path = await build.FindAsync();

        Assert.Equal((4, "classes"), (path.Seconds, path.Steps[1].Input));
    }

    [Fact]
    public async Task What_is_not_known_is_said()
    {
        await build.RunAsync("a.o", TimeSpan.FromSeconds(3), ["a.cc"]);
        await build.RunAsync("app", TimeSpan.FromSeconds(2), ["a.o"], hasInputs: false);
        await build.RunAsync("doc", null, ["doc.md"], isHit: true);

        CriticalPath path = await build.FindAsync();

        Assert.Equal((3, 1, 1, true), (path.Seconds, path.WithoutInputs, path.WithoutTime, path.IsComplete));
    }

    [Fact]
    public async Task More_than_is_looked_at_is_said()
    {
        await build.RunAsync("a.o", TimeSpan.FromSeconds(3), ["some/where/a.cc"]);
        await build.RunAsync("b.o", TimeSpan.FromSeconds(4), ["some/where/b.cc"]);

        Assert.Equal((3, false), (await build.FindAsync(new CriticalLimits { Actions = 1 })) is var fewer ? (fewer.Seconds, fewer.IsComplete) : default);
        Assert.Equal((4, false), (await build.FindAsync(new CriticalLimits { Directories = 2 })) is var shallow ? (shallow.Seconds, shallow.IsComplete) : default);
    }

    [Fact]
    public async Task A_build_of_which_nothing_is_known_has_no_steps()
    {
        await build.RunAsync("doc", null, ["doc.md"], isHit: true);

        Assert.Empty((await build.FindAsync()).Steps);
    }

    [Fact]
    public async Task Whatever_takes_what_no_chain_is_longer()
    {
        var seed = Chance.Create();
        for (int number = 0; number < 3 * Chance.Effort; number++)
        {
            Chance chance = seed.ForCase(number);
            await CheckAsync(chance.Random, $"{seed}, case {number}");
        }
    }

    private static async Task CheckAsync(Random random, string message)
    {
        await using var build = new CriticalBuild();
        int count = 1 + random.Next(30);
        double[] ends = new double[count];
        for (int i = 0; i < count; i++)
        {
            int[] takes = [.. Enumerable.Range(0, i).Where(_ => random.Next(4) == 0)];
            int seconds = random.Next(1, 20);
            ends[i] = seconds + takes.Select(taken => ends[taken]).DefaultIfEmpty(0).Max();
            string[] inputs = [$"{i}.cc", .. takes.Select(taken => $"dir{taken % 3}/{taken}.o")];
            await build.RunAsync($"dir{i % 3}/{i}.o", TimeSpan.FromSeconds(seconds), inputs, isHit: random.Next(2) == 0);
        }

        CriticalPath path = await build.FindAsync();

        Assert.True(ends.Max() == path.Seconds, $"{message}: {path.Seconds} s, not {ends.Max()}");
        Assert.True(path.Seconds == path.Steps.Sum(step => step.Seconds), message);
    }
}
