using RemoteExec.Builds.Explain;
using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;

namespace RemoteExec.Builds.Tests.Explain;

/// <summary>For each way in which an action can differ from another: the cause that is named first.</summary>
public sealed class CauseTests
{
    private static readonly ActionSample compile = new();
    private readonly IBlobStore cas = new EmptyBlobStore(new MemoryStore(10_000_000));

    [Fact]
    public async Task A_variable_of_the_environment_is_named_with_both_values() =>
        await AssertAsync(
            compile, compile with { Environment = new Dictionary<string, string> { ["PATH"] = "/usr/bin" } },
            CauseKind.Environment, "PATH", "the environment variable PATH differs: '/bin:/usr/bin' became '/usr/bin'");

    [Fact]
    public async Task A_variable_that_is_new_or_gone_is_named()
    {
        ActionSample more = compile with { Environment = new Dictionary<string, string>(compile.Environment) { ["LANG"] = "C" } };

        await AssertAsync(compile, more, CauseKind.Environment, "LANG", "the environment variable LANG is new: 'C'");
        await AssertAsync(more, compile, CauseKind.Environment, "LANG", "the environment variable LANG is gone: it was 'C'");
    }

    [Fact]
    public async Task A_property_of_the_platform_is_named() =>
        await AssertAsync(
            compile, compile with { Platform = [("OSFamily", "linux"), ("pool", "big")] },
            CauseKind.Platform, "pool", "the platform property pool is new: 'big'");

    [Fact]
    public async Task The_level_of_a_flag_is_told() =>
        await AssertAsync(compile, compile.WithArgument("-O2", "-O3"), CauseKind.Argument, "-O", "flag -O2 became -O3");

    [Fact]
    public async Task A_flag_that_is_new_or_gone_is_told()
    {
        ActionSample debug = compile.WithArgument("-O2", "-O2", "-g");

        await AssertAsync(compile, debug, CauseKind.Argument, "-g", "flag -g is new");
        await AssertAsync(debug, compile, CauseKind.Argument, "-g", "flag -g is gone");
    }

    [Fact]
    public async Task The_value_behind_a_flag_is_told() =>
        await AssertAsync(
            compile.WithArgument("-O2", "--mode", "slow"), compile.WithArgument("-O2", "--mode", "fast"),
            CauseKind.Argument, "--mode", "the value of --mode differs: 'slow' became 'fast'");

    [Fact]
    public async Task The_value_within_a_flag_is_told() =>
        await AssertAsync(
            compile.WithArgument("-O2", "-std=c++17"), compile.WithArgument("-O2", "-std=c++20"),
            CauseKind.Argument, "-std", "flag -std=c++17 became -std=c++20");

    [Fact]
    public async Task An_argument_that_is_no_flag_is_told_by_its_place() =>
        await AssertAsync(compile with { Arguments = ["/bin/echo", "one"] }, compile with { Arguments = ["/bin/echo", "two"] }, CauseKind.Argument, "", "argument 1 differs: 'one' became 'two'");

    [Fact]
    public async Task A_flag_within_a_script_is_found() =>
        await AssertAsync(
            compile with { Arguments = ["/bin/sh", "-c", "tools/cc -O2 app/main.cc && touch done"] }, compile with { Arguments = ["/bin/sh", "-c", "tools/cc -O3 app/main.cc && touch done"] },
            CauseKind.Argument, "-O", "flag -O2 became -O3");

    [Fact]
    public async Task Arguments_in_another_order_are_no_other_arguments() =>
        await AssertAsync(
            compile with { Arguments = ["ld", "-lone", "-ltwo", "-o", "x"] }, compile with { Arguments = ["ld", "-ltwo", "-lone", "-o", "x"] },
            CauseKind.ArgumentOrder, "", "the order of the arguments differs: '-lone' stands elsewhere");

    [Fact]
    public async Task A_header_that_changed_is_named() =>
        await AssertAsync(compile, compile.WithFile("lib/x.h", "#define X 2\nint x();\n"), CauseKind.InputChanged, "lib/x.h", "lib/x.h changed");

    [Fact]
    public async Task An_input_that_is_new_or_gone_is_named()
    {
        ActionSample more = compile.WithFile("lib/y.h", "int y();\n");

        await AssertAsync(compile, more, CauseKind.InputAdded, "lib/y.h", "the input lib/y.h is new");
        await AssertAsync(more, compile, CauseKind.InputRemoved, "lib/y.h", "the input lib/y.h is gone");
    }

    [Fact]
    public async Task An_argument_that_names_a_new_input_is_no_cause_of_its_own()
    {
        ActionSample more = compile.WithFile("app/more.cc", "int more;\n").WithArgument("app/main.cc", "app/main.cc", "app/more.cc");

        await AssertAsync(compile, more, CauseKind.InputAdded, "app/more.cc", "the input app/more.cc is new");
    }

    [Fact]
    public async Task A_file_that_was_renamed_is_told_by_both_names() =>
        await AssertAsync(
            compile, compile.WithoutFile("lib/x.h").WithFile("lib/z.h", compile.Files["lib/x.h"]),
            CauseKind.InputRenamed, "lib/z.h", "the input lib/z.h was lib/x.h before");

    [Fact]
    public async Task Several_inputs_are_counted() =>
        await AssertAsync(
            compile, compile.WithFile("lib/x.h", "other").WithFile("app/main.cc", "other").WithFile("lib/y.h", "new"),
            CauseKind.InputChanged, "app/main.cc", "app/main.cc changed and 2 other inputs differ");

    [Fact]
    public async Task Sources_are_named_before_what_is_made_of_them()
    {
        ActionSample earlier = compile.WithFile("bazel-out/k8-fastbuild/bin/a.h", "1").WithFile("zlib/z.h", "1");

        await AssertAsync(
            earlier, earlier.WithFile("bazel-out/k8-fastbuild/bin/a.h", "2").WithFile("zlib/z.h", "2"),
            CauseKind.InputChanged, "zlib/z.h", "zlib/z.h changed and another input differs");
    }

    [Fact]
    public async Task Whether_a_file_can_be_executed_is_told() =>
        await AssertAsync(compile, compile with { Executables = ["tools/cc", "lib/x.h"] }, CauseKind.InputMetadata, "lib/x.h", "lib/x.h can be executed now");

    [Fact]
    public async Task Where_a_symlink_leads_is_told() =>
        await AssertAsync(
            compile with { Symlinks = new Dictionary<string, string> { ["lib/link"] = "one" } }, compile with { Symlinks = new Dictionary<string, string> { ["lib/link"] = "two" } },
            CauseKind.Symlink, "lib/link", "the symlink lib/link leads elsewhere: 'one' became 'two'");

    [Fact]
    public async Task A_file_that_became_a_directory_is_told() =>
        await AssertAsync(
            compile.WithFile("data", "file"), compile.WithFile("data/inside", "file"),
            CauseKind.InputMetadata, "data", "data was a file and is a directory");

    [Fact]
    public async Task The_program_is_the_toolchain_as_are_its_tools()
    {
        await AssertAsync(compile, compile.WithFile("tools/cc", "another compiler"), CauseKind.Toolchain, "tools/cc", "the tool tools/cc changed: another toolchain");
        await AssertAsync(
            compile.WithFile("tools/as", "1") with { Tools = ["tools/as"] }, compile.WithFile("tools/as", "2") with { Tools = ["tools/as"] },
            CauseKind.Toolchain, "tools/as", "the tool tools/as changed: another toolchain");
        await AssertAsync(
            compile, compile.WithoutFile("tools/cc").WithFile("tools-2/cc", "another compiler").WithArgument("tools/cc", "tools-2/cc"),
            CauseKind.Toolchain, "tools-2/cc", "the program differs: 'tools/cc' became 'tools-2/cc': another toolchain");
    }

    [Fact]
    public async Task A_tool_that_a_script_runs_is_the_toolchain() =>
        await AssertAsync(
            compile with { Arguments = ["/bin/sh", "-c", "set -e; ./tools/cc app/main.cc"] }, compile.WithFile("tools/cc", "another compiler") with { Arguments = ["/bin/sh", "-c", "set -e; ./tools/cc app/main.cc"] },
            CauseKind.Toolchain, "tools/cc", "the tool tools/cc changed: another toolchain");

    [Fact]
    public async Task The_working_directory_is_told() =>
        await AssertAsync(compile, compile with { WorkingDirectory = "app" }, CauseKind.WorkingDirectory, "", "the working directory differs: '' became 'app'");

    [Fact]
    public async Task An_output_under_another_name_is_told_and_not_the_argument_that_names_it() =>
        await AssertAsync(
            compile, compile.WithArgument(compile.Outputs[0], "bazel-out/k8-fastbuild/bin/app/other.o") with { Outputs = ["bazel-out/k8-fastbuild/bin/app/other.o"] },
            CauseKind.Outputs, "", "the outputs differ: 'bazel-out/k8-fastbuild/bin/app/main.o' became 'bazel-out/k8-fastbuild/bin/app/other.o'");

    [Fact]
    public async Task Another_configuration_is_told_unless_flags_differ()
    {
        ActionSample optimized = compile.WithArgument(compile.Outputs[0], "bazel-out/k8-opt/bin/app/main.o") with { Outputs = ["bazel-out/k8-opt/bin/app/main.o"] };

        await AssertAsync(compile, optimized, CauseKind.Configuration, "bazel-out/k8-opt", "the configuration differs: outputs are below bazel-out/k8-opt instead of bazel-out/k8-fastbuild");
        await AssertAsync(compile, optimized.WithArgument("-O2", "-O2", "-DNDEBUG"), CauseKind.Argument, "-DNDEBUG", "flag -DNDEBUG is new");
    }

    [Fact]
    public async Task The_timeout_the_salt_and_whether_it_is_cached_are_told()
    {
        await AssertAsync(
            compile with { Timeout = TimeSpan.FromSeconds(60) }, compile with { Timeout = TimeSpan.FromSeconds(300) }, CauseKind.Timeout, "", "the timeout differs: '60s' became '300s'");
        await AssertAsync(compile, compile with { Salt = "x" }, CauseKind.Salt, "", "the salt is new: '78'");
        await AssertAsync(compile, compile with { DoNotCache = true }, CauseKind.Caching, "", "its result may not be cached any more");
    }

    [Fact]
    public async Task A_flag_in_a_response_file_is_found()
    {
        ActionSample link = compile.WithFile("app-2.params", "-lone\n-O2\nmain.o\n") with { Arguments = ["tools/cc", "@app-2.params"] };

        await AssertAsync(link, link.WithFile("app-2.params", "-lone\n-O3\nmain.o\n"), CauseKind.Argument, "-O", "flag -O2 became -O3 (in app-2.params)");
    }

    [Fact]
    public async Task The_same_action_again_has_lost_its_result() =>
        await AssertAsync(compile, compile, CauseKind.ResultGone, "", "nothing differs: this very action was seen before, but its result was never stored, has left the cache, or was not asked for");

    private async Task AssertAsync(ActionSample before, ActionSample after, CauseKind kind, string subject, string sentence)
    {
        ActionContent old = await before.StoreAsync(cas), current = await after.StoreAsync(cas);

        ActionComparison difference = await new ActionComparer(cas, new ComparisonLimits(), TimeProvider.System).CompareAsync(old, current, TestContext.Current.CancellationToken);
        Cause first = CauseFinder.Find(old, current, difference)[0];

        Assert.Equal((kind, subject, sentence), (first.Kind, first.Subject, first.Sentence));
    }
}
