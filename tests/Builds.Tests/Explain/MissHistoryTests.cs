using Microsoft.Extensions.Logging;
using RemoteExec.Builds.Explain;
using RemoteExec.Builds.Explain.History;
using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;

namespace RemoteExec.Builds.Tests.Explain;

public sealed class MissHistoryTests : IAsyncLifetime
{
    private const string Generated = "bazel-out/k8-fastbuild/bin/gen/gen.h";

    private static readonly ActionSample compile = new();
    private static readonly ActionSample generate = new ActionSample
    {
        Arguments = ["gen/gen.sh", Generated],
        Outputs = [Generated],
        Files = new Dictionary<string, string> { ["gen/gen.sh"] = "a script", ["gen/gen.in"] = "1" },
    };

    private readonly TemporaryDirectory directory = new();
    private readonly ManualTimeProvider time = new();
    private readonly RecordingLogger logger = new();
    private readonly HashSet<Digest> lost = [];
    private readonly IBlobStore cas;
    private MissHistory history = null!;

    public MissHistoryTests() => cas = new LossyStore(new EmptyBlobStore(new MemoryStore(50_000_000)), lost);

    private string FilePath => directory["explain.db"];

    public ValueTask InitializeAsync()
    {
        history = Open();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await history.DisposeAsync();
        directory.Dispose();
    }

    [Fact]
    public async Task What_nobody_has_built_before_is_seen_for_the_first_time()
    {
        Explanation first = await ExecuteAsync(compile, "one");

        Assert.Equal(CauseKind.FirstSeen, first.Cause.Kind);
        Assert.Equal("seen for the first time: no earlier action here makes bazel-out/k8-fastbuild/bin/app/main.o for //app:main", first.Cause.Sentence);
        Assert.Equal(ExplanationConfidence.None, first.Confidence);
    }

    [Fact]
    public async Task What_was_built_before_is_compared_with_that()
    {
        Explanation first = await ExecuteAsync(compile, "one");

        Explanation second = await ExecuteAsync(compile.WithFile("lib/x.h", "other"), "two");

        Assert.Equal((CauseKind.InputChanged, "lib/x.h changed"), (second.Cause.Kind, second.Cause.Sentence));
        Assert.Equal(ExplanationConfidence.Complete, second.Confidence);
        Assert.Equal((first.Action, "one"), (second.Earlier!.Action, second.Earlier.Build));
        Assert.Equal("lib/x.h", Assert.Single(second.Difference!.Inputs).Path);
        Assert.Equal(("two", "//app:main", "CppCompile", 2.5), (second.Build, second.Target, second.Mnemonic, second.Seconds));
    }

    [Fact]
    public async Task Targets_mnemonics_instances_and_outputs_are_kept_apart()
    {
        await ExecuteAsync(compile, "one");

        Assert.Equal(CauseKind.FirstSeen, (await ExecuteAsync(compile.WithArgument("-O2", "-O0"), "two", target: "//app:other")).Cause.Kind);
        Assert.Equal(CauseKind.FirstSeen, (await ExecuteAsync(compile.WithArgument("-O2", "-O1"), "two", mnemonic: "CppLink")).Cause.Kind);
        Assert.Equal(CauseKind.FirstSeen, (await ExecuteAsync(compile.WithArgument("-O2", "-O3") with { Outputs = ["elsewhere"] }, "two")).Cause.Kind);
        Assert.Equal(CauseKind.FirstSeen, (await ObserveAsync(SightingKind.Executed, (await compile.WithArgument("-O2", "-O3").StoreAsync(cas, "elsewhere")).Digest, "two")).Cause.Kind);
        Assert.Equal(CauseKind.Argument, (await ExecuteAsync(compile.WithArgument("-O2", "-O3"), "two")).Cause.Kind);
    }

    [Fact]
    public async Task Of_several_earlier_actions_the_one_that_differs_least_is_taken()
    {
        await ExecuteAsync(compile, "one");
        await ExecuteAsync(compile.WithArgument("-O2", "-O3", "-g").WithFile("lib/x.h", "other"), "two");

        Explanation third = await ExecuteAsync(compile.WithFile("lib/x.h", "another"), "three");

        Assert.Equal("lib/x.h changed", third.Cause.Sentence);
        Assert.Equal("one", third.Earlier!.Build);
    }

    [Fact]
    public async Task Clients_that_name_no_target_are_told_by_program_and_output()
    {
        await ExecuteAsync(compile, "one", target: "", mnemonic: "");

        Assert.Equal(CauseKind.Argument, (await ExecuteAsync(compile.WithArgument("-O2", "-O3"), "two", target: "", mnemonic: "")).Cause.Kind);
    }

    [Fact]
    public async Task The_same_action_again_has_lost_its_result()
    {
        await ExecuteAsync(compile, "one");

        Explanation again = await ExecuteAsync(compile, "two");

        Assert.Equal(CauseKind.ResultGone, again.Cause.Kind);
        Assert.Equal("one", again.Earlier!.Build);
    }

    [Fact]
    public async Task An_action_that_may_not_be_cached_runs_each_time()
    {
        await ExecuteAsync(compile with { DoNotCache = true }, "one");

        Assert.Equal("its result may not be cached (do_not_cache), so that it runs each time", (await ExecuteAsync(compile with { DoNotCache = true }, "two")).Cause.Sentence);
    }

    [Fact]
    public async Task An_action_that_is_tried_again_in_its_build_keeps_its_cause()
    {
        await ExecuteAsync(compile, "one");
        await ExecuteAsync(compile.WithArgument("-O2", "-O3"), "two");

        Assert.Equal(CauseKind.Argument, (await ExecuteAsync(compile.WithArgument("-O2", "-O3"), "two")).Cause.Kind);
    }

    [Fact]
    public async Task What_a_client_did_not_upload_is_said_to_be_unknown_until_it_does()
    {
        ActionContent action = await compile.StoreAsync(cas);
        lost.Add(action.Digest);
        Assert.Equal(CauseKind.NotUploaded, (await ObserveAsync(SightingKind.Miss, action.Digest, "one")).Cause.Kind);

        lost.Clear();

        Assert.Equal(CauseKind.FirstSeen, (await ObserveAsync(SightingKind.Stored, action.Digest, "one")).Cause.Kind);
        Assert.Equal(1, history.CausesOf("one")!.Misses);
    }

    [Fact]
    public async Task A_miss_of_what_was_seen_before_needs_no_upload()
    {
        ActionContent action = await compile.StoreAsync(cas);
        await ObserveAsync(SightingKind.Stored, action.Digest, "one");
        lost.Add(action.Digest);

        Assert.Equal(CauseKind.ResultGone, (await ObserveAsync(SightingKind.Miss, action.Digest, "two")).Cause.Kind);
    }

    [Fact]
    public async Task A_hit_is_an_earlier_action_too()
    {
        history.Observe(SightingOf(SightingKind.Hit, (await compile.StoreAsync(cas)).Digest, "one"));

        Assert.Equal(CauseKind.Argument, (await ExecuteAsync(compile.WithArgument("-O2", "-O3"), "two")).Cause.Kind);
    }

    [Fact]
    public async Task Without_input_trees_arguments_are_compared_and_inputs_are_said_to_be_unknown()
    {
        ActionContent first = await compile.StoreAsync(cas), flag = await compile.WithArgument("-O2", "-O3").StoreAsync(cas), header = await compile.WithArgument("-O2", "-O3").WithFile("lib/x.h", "other").StoreAsync(cas);
        lost.UnionWith([first.InputRoot!.Value, header.InputRoot!.Value]);

        await ObserveAsync(SightingKind.Stored, first.Digest, "one");
        Explanation changed = await ObserveAsync(SightingKind.Stored, flag.Digest, "two"), other = await ObserveAsync(SightingKind.Stored, header.Digest, "three");

        Assert.Equal((CauseKind.Argument, ExplanationConfidence.Complete), (changed.Cause.Kind, changed.Confidence));
        Assert.Equal((CauseKind.Inputs, ExplanationConfidence.Partial), (other.Cause.Kind, other.Confidence));
    }

    [Fact]
    public async Task The_same_output_in_another_configuration_is_compared_unless_the_build_makes_both()
    {
        const string Optimized = "bazel-out/k8-opt/bin/app/main.o";
        ActionSample opt = compile.WithArgument(compile.Outputs[0], Optimized) with { Outputs = [Optimized] };
        await ExecuteAsync(compile, "one");

        Assert.Equal(CauseKind.FirstSeen, (await ExecuteAsync(opt, "one")).Cause.Kind);
        await ExecuteAsync(compile.WithFile("lib/x.h", "2"), "two");
        ActionSample debug = compile.WithArgument(compile.Outputs[0], "bazel-out/k8-dbg/bin/app/main.o") with { Outputs = ["bazel-out/k8-dbg/bin/app/main.o"] };
        Assert.Equal(CauseKind.Configuration, (await ExecuteAsync(debug.WithFile("lib/x.h", "2"), "three")).Cause.Kind);
    }

    [Fact]
    public async Task An_output_that_was_renamed_is_found_by_all_the_rest()
    {
        await ExecuteAsync(compile, "one");
        ActionSample renamed = compile.WithArgument(compile.Outputs[0], "bazel-out/k8-fastbuild/bin/app/other.o") with { Outputs = ["bazel-out/k8-fastbuild/bin/app/other.o"] };

        Assert.Equal(CauseKind.Outputs, (await ExecuteAsync(renamed, "two")).Cause.Kind);
    }

    [Fact]
    public async Task A_changed_input_that_the_build_made_itself_leads_to_the_cause_of_that()
    {
        await ExecuteAsync(generate, "one", target: "//gen");
        await ExecuteAsync(compile.WithFile(Generated, "1"), "one");

        await ExecuteAsync(generate.WithFile("gen/gen.in", "2"), "two", target: "//gen");
        Explanation second = await ExecuteAsync(compile.WithFile(Generated, "2"), "two");

        Assert.Equal((CauseKind.InputChanged, "gen/gen.in", "gen/gen.in changed"), (second.Cause.Kind, second.Cause.Subject, second.Cause.Sentence));
        Assert.Equal($"{Generated} changed", second.Own!.Sentence);
        CauseStep step = Assert.Single(second.Chain);
        Assert.Equal(("//gen", Generated, "gen/gen.in changed"), (step.Target, step.Output, step.Sentence));
        RankedCause cause = Assert.Single(history.CausesOf("two")!.Causes);
        Assert.Equal((2, 1.0, 5.0), (cause.Actions, cause.Share, cause.Seconds));
    }

    [Fact]
    public async Task An_action_that_makes_something_else_each_time_is_found_out()
    {
        await ExecuteAsync(generate, "one", target: "//gen");
        await ExecuteAsync(compile.WithFile(Generated, "1"), "one");

        await ExecuteAsync(generate, "two", target: "//gen");
        Explanation second = await ExecuteAsync(compile.WithFile(Generated, "2"), "two");

        Assert.Equal((CauseKind.NotReproducible, Generated), (second.Cause.Kind, second.Cause.Subject));
    }

    [Fact]
    public async Task The_causes_of_a_build_are_ranked_by_the_actions_they_are_to_blame_for()
    {
        ActionSample[] files = [.. Enumerable.Range(0, 5).Select(number => compile with { Outputs = [$"{number}.o"] })];
        foreach (ActionSample file in files)
            await ExecuteAsync(file, "one");

        foreach (ActionSample file in files[..3])
            await ExecuteAsync(file with { Environment = new Dictionary<string, string> { ["PATH"] = "/opt/bin" } }, "two");
        foreach (ActionSample file in files[3..])
            await ExecuteAsync(file.WithArgument("-O2", "-O3"), "two");

        BuildCauses causes = history.CausesOf("two")!;
        Assert.Equal((5, 12.5), (causes.Misses, causes.Seconds));
        Assert.Equal([(CauseKind.Environment, "PATH", 3, 0.6), (CauseKind.Argument, "-O", 2, 0.4)], causes.Causes.Select(cause => (cause.Kind, cause.Subject, (int)cause.Actions, cause.Share)));
        Assert.Null(history.CausesOf("three"));
    }

    [Fact]
    public async Task What_was_explained_stays_explained_when_the_inputs_are_gone_and_the_server_starts_again()
    {
        ActionContent first = await compile.StoreAsync(cas), second = await compile.WithFile("lib/x.h", "other").StoreAsync(cas);
        await ObserveAsync(SightingKind.Executed, first.Digest, "one");
        await ObserveAsync(SightingKind.Executed, second.Digest, "two");
        lost.UnionWith([first.Digest, second.Digest, first.InputRoot!.Value, second.InputRoot!.Value]);
        await history.DisposeAsync();

        history = Open();

        Explanation kept = history.Explain(second.Digest.Instance, second.Digest.HashSpan)!;
        Assert.Equal("lib/x.h changed", kept.Cause.Sentence);
        Explanation compared = await history.CompareAsync(first.Digest, second.Digest, TestContext.Current.CancellationToken);
        Assert.Equal(CauseKind.Inputs, compared.Cause.Kind); // the actions are known, their trees are not
    }

    [Fact]
    public async Task Two_actions_are_compared_that_nobody_has_observed()
    {
        ActionContent first = await compile.StoreAsync(cas), second = await compile.WithArgument("-O2", "-O3").StoreAsync(cas);

        Explanation compared = await history.CompareAsync(first.Digest, second.Digest, TestContext.Current.CancellationToken);

        Assert.Equal("flag -O2 became -O3", compared.Cause.Sentence);
    }

    [Fact]
    public async Task Actions_that_were_not_asked_for_longest_are_forgotten()
    {
        await history.DisposeAsync();
        history = Open(new HistoryLimits { Actions = 10, ActionsPerLine = 2 });
        for (int number = 0; number < 20; number++)
            await ExecuteAsync(compile with { Outputs = [$"{number}.o"] }, "one");

        await history.PruneAsync(TestContext.Current.CancellationToken);

        Assert.Equal(CauseKind.FirstSeen, (await ExecuteAsync(compile.WithArgument("-O2", "-O3") with { Outputs = ["0.o"] }, "two")).Cause.Kind);
        Assert.Equal(CauseKind.Argument, (await ExecuteAsync(compile.WithArgument("-O2", "-O3") with { Outputs = ["19.o"] }, "two")).Cause.Kind);
    }

    [Fact]
    public async Task The_file_gets_about_as_long_as_it_may()
    {
        const long MaxBytes = 1 << 20;
        await history.DisposeAsync();
        history = MissHistory.Open(FilePath, MaxBytes, cas, logger, time);
        for (int number = 0; number < 2500; number++)
        {
            Digest action = (await (compile with { Outputs = [$"some/where/{number}.o"] }).StoreAsync(cas)).Digest;
            history.Observe(SightingOf(SightingKind.Executed, action, "one"));
            if (number % 500 == 499)
                await history.PruneAsync(TestContext.Current.CancellationToken);
        }

        await history.DisposeAsync(); // what is in the log of the database goes into the file
        long length = new FileInfo(FilePath).Length;
        history = Open();

        Assert.InRange(length, MaxBytes / 4, MaxBytes * 5 / 2);
    }

    [Fact]
    public async Task Storage_that_fails_costs_an_explanation_and_nothing_else()
    {
        var faulty = new FaultyStore(cas);
        await history.DisposeAsync();
        history = MissHistory.Open(FilePath, faulty, new HistoryLimits(), logger, time);
        Digest action = (await compile.StoreAsync(cas)).Digest;
        faulty.Fail(StoreOperation.OpenRead, () => new StoreUnavailableException("disk", null));
        history.Observe(SightingOf(SightingKind.Executed, action, "one"));
        await history.CatchUpAsync(TestContext.Current.CancellationToken);
        Assert.Null(history.Explain(action.Instance, action.HashSpan));

        faulty.Before = null;

        Assert.Equal(CauseKind.FirstSeen, (await ObserveAsync(SightingKind.Executed, action, "two")).Cause.Kind);
        Assert.Contains(logger.Entries, entry => entry.Level == LogLevel.Debug && entry.Text.Contains("is not explained", StringComparison.Ordinal));
    }

    private MissHistory Open(HistoryLimits? limits = null) => MissHistory.Open(FilePath, cas, limits ?? new HistoryLimits(), logger, time);

    [Fact]
    public async Task It_rests_longer_than_it_works_but_not_while_somebody_waits_for_it()
    {
        await history.DisposeAsync();
        history = MissHistory.Open(FilePath, new SlowStore(cas, time), new HistoryLimits(), logger, time);
        Digest first = (await compile.StoreAsync(cas)).Digest, second = (await generate.StoreAsync(cas)).Digest;
        history.Observe(SightingOf(SightingKind.Executed, first, "one"));
        await RestsAsync();
        history.Observe(SightingOf(SightingKind.Executed, second, "one"));
        time.Advance(SlowStore.Time);

        Assert.Equal(1, time.WaitingTimers);
        Assert.NotNull(history.Explain(first.Instance, first.HashSpan));
        Assert.Null(history.Explain(second.Instance, second.HashSpan));

        await history.CatchUpAsync(TestContext.Current.CancellationToken);
        Assert.NotNull(history.Explain(second.Instance, second.HashSpan));
    }

    [Fact]
    public async Task More_than_can_wait_is_not_looked_at_and_counted()
    {
        await history.DisposeAsync();
        history = MissHistory.Open(FilePath, new SlowStore(cas, time), new HistoryLimits(), logger, time);
        Digest action = (await compile.StoreAsync(cas)).Digest;
        history.Observe(SightingOf(SightingKind.Executed, action, "one"));
        await RestsAsync();
        for (int number = 0; number < 50_010; number++)
            history.Observe(SightingOf(SightingKind.Hit, action, "one"));

        Assert.Equal((50_000, 10), (history.Waiting, history.Dropped));
        await history.CatchUpAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, history.Waiting);
    }

    private async Task RestsAsync()
    {
        while (time.WaitingTimers == 0)
            await Task.Delay(1, TestContext.Current.CancellationToken);
    }

    private async Task<Explanation> ExecuteAsync(ActionSample sample, string build, string target = "//app:main", string mnemonic = "CppCompile") =>
        await ObserveAsync(SightingKind.Executed, (await sample.StoreAsync(cas)).Digest, build, target, mnemonic);

    private async Task<Explanation> ObserveAsync(SightingKind kind, Digest action, string build, string target = "//app:main", string mnemonic = "CppCompile")
    {
        history.Observe(SightingOf(kind, action, build, target, mnemonic));
        await history.CatchUpAsync(TestContext.Current.CancellationToken);
        time.Advance(TimeSpan.FromSeconds(1));
        return history.Explain(action.Instance, action.HashSpan) ?? throw new InvalidOperationException("nothing is explained");
    }

    private Sighting SightingOf(SightingKind kind, Digest action, string build, string target = "//app:main", string mnemonic = "CppCompile") =>
        new(action, kind, time.GetUtcNow()) { Invocation = build, Target = target, Mnemonic = mnemonic, Duration = TimeSpan.FromSeconds(kind == SightingKind.Executed ? 2.5 : 0) };
}
