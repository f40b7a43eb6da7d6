using Google.Protobuf;
using RemoteExec.Builds.Explain;
using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;

namespace RemoteExec.Builds.Tests.Explain;

public sealed class ActionComparerTests
{
    private static readonly ActionSample compile = new();
    private readonly FaultyStore cas = new(new EmptyBlobStore(new MemoryStore(50_000_000)));
    private readonly HashSet<Protocol.Digest> gone = [];

    [Fact]
    public async Task A_small_file_of_text_is_shown_with_the_lines_that_differ()
    {
        ActionComparison difference = await CompareAsync(compile, compile.WithFile("lib/x.h", "#define X 2\nint x();\n"));

        InputChange change = Assert.Single(difference.Inputs);
        Assert.Equal("lib/x.h", change.Path);
        Assert.Equal("@@ -1,2 +1,2 @@\n-#define X 1\n+#define X 2\n int x();", change.TextDiff);
    }

    [Theory]
    [InlineData("a\0b")]
    [InlineData(null)]
    public async Task What_is_no_text_or_too_long_is_not_shown(string? content)
    {
        ActionComparison difference = await CompareAsync(compile, compile.WithFile("lib/x.h", content ?? new string('x', TextDiff.MaxBytes + 1)));

        Assert.Null(Assert.Single(difference.Inputs).TextDiff);
    }

    [Fact]
    public async Task Only_a_few_files_are_shown_line_by_line()
    {
        ActionSample many = Enumerable.Range(0, 20).Aggregate(compile, (sample, number) => sample.WithFile($"many/{number}", "before\n"));
        ActionSample others = Enumerable.Range(0, 20).Aggregate(compile, (sample, number) => sample.WithFile($"many/{number}", "after\n"));

        ActionComparison difference = await CompareAsync(many, others);

        Assert.Equal(20, difference.Inputs.Count);
        Assert.Equal(new ComparisonLimits().TextDiffs, difference.Inputs.Count(change => change.TextDiff is not null));
    }

    [Fact]
    public async Task A_directory_that_is_gone_is_named_and_the_rest_compared()
    {
        ActionSample later = compile.WithFile("lib/x.h", "other").WithFile("app/main.cc", "other");
        ActionContent before = await compile.StoreAsync(cas), after = await later.StoreAsync(cas);
        Reapi.Directory root = (await cas.ReadMessageAsync(before.InputRoot!.Value, Reapi.Directory.Parser, 10_000, TestContext.Current.CancellationToken))!;
        Assert.True(before.Digest.TryParseSibling(root.Directories.Single(directory => directory.Name == "lib").Digest, out Protocol.Digest lib, out _));
        Lose(lib);

        ActionComparison difference = await CompareAsync(before, after);

        Assert.Equal("app/main.cc", Assert.Single(difference.Inputs).Path);
        Assert.Equal("directory 'lib' differs, but the earlier one is not in the CAS any more", Assert.Single(difference.NotCompared));
    }

    [Fact]
    public async Task An_input_tree_that_was_never_uploaded_leaves_the_rest_to_compare()
    {
        ActionContent before = await compile.StoreAsync(cas), after = await compile.WithFile("lib/x.h", "other").StoreAsync(cas);
        Lose(before.InputRoot!.Value);
        Lose(after.InputRoot!.Value);

        ActionComparison difference = await CompareAsync(before, after);

        Assert.False(difference.IsSameInputRoot);
        Cause cause = Assert.Single(CauseFinder.Find(before, after, difference));
        Assert.Equal(CauseKind.Inputs, cause.Kind);
    }

    [Fact]
    public async Task A_command_that_is_gone_is_not_taken_for_equal()
    {
        ActionContent before = await compile.StoreAsync(cas), after = await compile.WithArgument("-O2", "-O3").StoreAsync(cas);

        ActionComparison difference = await CompareAsync(before with { Command = null }, after);

        Assert.True(difference.IsEmpty);
        Assert.Equal(CauseKind.NotComparable, Assert.Single(CauseFinder.Find(before, after, difference)).Kind);
    }

    [Fact]
    public async Task An_action_that_is_gone_is_not_taken_for_equal()
    {
        ActionContent before = await compile.StoreAsync(cas), after = await compile.WithArgument("-O2", "-O3").StoreAsync(cas);

        ActionComparison difference = await CompareAsync(before with { Action = null, Command = null }, after);

        Assert.Equal(CauseKind.NotComparable, Assert.Single(CauseFinder.Find(before, after, difference)).Kind);
    }

    [Fact]
    public async Task Nothing_is_read_of_what_both_trees_have()
    {
        ActionSample large = Enumerable.Range(0, 50).Aggregate(compile, (sample, number) => sample.WithFile($"same/{number}/file", "same\n"));
        ActionContent before = await large.StoreAsync(cas), after = await large.WithFile("lib/x.h", "other").StoreAsync(cas);
        var read = new HashSet<Protocol.Digest?>();
        cas.Before = (operation, digest) =>
        {
            if (operation == StoreOperation.OpenRead)
                read.Add(digest);
            return ValueTask.CompletedTask;
        };

        await CompareAsync(before, after);

        Assert.Equal(6, read.Count); // both roots, both of lib, both of x.h
    }

    [Fact]
    public async Task A_comparison_ends_at_its_limit_and_says_so()
    {
        ActionSample many = Enumerable.Range(0, 100).Aggregate(compile, (sample, number) => sample.WithFile($"many/{number}", "new\n"));

        ActionComparison difference = await CompareAsync(compile, many, new ComparisonLimits { Inputs = 10 });

        Assert.Equal(10, difference.Inputs.Count);
        Assert.True(difference.HasMoreInputs);
    }

    [Fact]
    public async Task What_is_in_a_directory_that_only_one_has_is_listed_file_by_file()
    {
        ActionComparison difference = await CompareAsync(compile, compile.WithFile("new/a/one", "1").WithFile("new/two", "2"));

        Assert.Equal(["new/a/one", "new/two"], difference.Inputs.Select(change => change.Path).Order(StringComparer.Ordinal));
        Assert.All(difference.Inputs, change => Assert.Equal(InputChangeKind.Added, change.Kind));
    }

    [Fact]
    public async Task Messages_that_say_the_same_in_other_bytes_are_told_as_that()
    {
        ActionContent before = await compile.StoreAsync(cas);
        Reapi.Action other = before.Action!.Clone();
        other.MergeFrom(new byte[] { 0xf8, 0x3f, 0x01 }); // a field that nobody knows
        ActionContent after = await ActionContent.LoadAsync(cas, await cas.StoreAsync(before.Digest, other.ToByteArray(), TestContext.Current.CancellationToken), TestContext.Current.CancellationToken);

        Assert.Equal(CauseKind.Encoding, Assert.Single(CauseFinder.Find(before, after, await CompareAsync(before, after))).Kind);
    }

    private async Task<ActionComparison> CompareAsync(ActionSample before, ActionSample after, ComparisonLimits? limits = null) =>
        await CompareAsync(await before.StoreAsync(cas), await after.StoreAsync(cas), limits);

    private Task<ActionComparison> CompareAsync(ActionContent before, ActionContent after, ComparisonLimits? limits = null) =>
        new ActionComparer(new LossyStore(cas, gone), limits ?? new ComparisonLimits(), TimeProvider.System).CompareAsync(before, after, TestContext.Current.CancellationToken);

    private void Lose(Protocol.Digest digest) => gone.Add(digest);
}
