namespace RemoteExec.EndToEnd.Tests.Explain;

/// <summary>The changes, each in a package of its own.</summary>
internal static class DeliberateChanges
{
    private const string Tool = "#!/bin/sh\n# a compiler: writes down what it was given\ncase $1 in @*) set -- $(cat \"${1#@}\");; esac\nfor last; do :; done\necho \"$@\" > \"$last\"\n";
    private const string OtherTool = Tool + "# another version\n";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<DeliberateChange> All { get; } =
    [
        Rule("flag", "a flag's level", "argument", "flag -O2 became -O3", """run(name = "t", flags = ["-O2"])""", """run(name = "t", flags = ["-O3"])"""),
        Rule("flag_added", "a flag more", "argument", "flag -g is new", """run(name = "t", flags = ["-O2"])""", """run(name = "t", flags = ["-O2", "-g"])"""),
        Rule("flag_gone", "a flag less", "argument", "flag -DNDEBUG is gone", """run(name = "t", flags = ["-O2", "-DNDEBUG"])""", """run(name = "t", flags = ["-O2"])"""),
        Rule("flag_value", "a flag's value", "argument", "flag --mode=slow became --mode=fast", """run(name = "t", flags = ["--mode=slow"])""", """run(name = "t", flags = ["--mode=fast"])"""),
        Rule("flag_behind", "a value behind its flag", "argument", "the value of --mode differs: 'slow' became 'fast'", """run(name = "t", flags = ["--mode", "slow"])""", """run(name = "t", flags = ["--mode", "fast"])"""),
        Rule("order", "the order of flags", "argumentOrder", "the order of the arguments differs: '-lone' stands elsewhere", """run(name = "t", flags = ["-lone", "-ltwo"])""", """run(name = "t", flags = ["-ltwo", "-lone"])"""),
        Rule("response", "a flag in a response file", "argument", "flag -O2 became -O3 (in …)", """run(name = "t", flags = ["-O2"], response_file = True)""", """run(name = "t", flags = ["-O3"], response_file = True)"""),
        Rule("variable", "a variable's value", "environment", "the environment variable LANG differs: 'C' became 'en'", """run(name = "t", env = {"LANG": "C"})""", """run(name = "t", env = {"LANG": "en"})"""),
        Rule("variable_added", "a variable more", "environment", "the environment variable TZ is new: 'UTC'", """run(name = "t")""", """run(name = "t", env = {"TZ": "UTC"})"""),
        Rule("platform", "a property of the platform", "platform", "the platform property memory differs: '64MiB' became '128MiB'", """run(name = "t", exec_properties = {"memory": "64MiB"})""", """run(name = "t", exec_properties = {"memory": "128MiB"})"""),
        Rule("uncached", "a tag that forbids caching", "caching", "its result may not be cached any more", """run(name = "t")""", """run(name = "t", requirements = {"no-cache": "1"})"""),
        Rule("output", "the name of an output", "outputs", "the outputs differ: '…a.o' became '…b.o'", """run(name = "t", out = "a.o")""", """run(name = "t", out = "b.o")"""),
        Rule("script", "a genrule's command", "argument", "argument 2 differs: 'one' became 'two'", """genrule(name = "t", outs = ["o"], cmd = "echo one > $@")""", """genrule(name = "t", outs = ["o"], cmd = "echo two > $@")""") with { Mnemonic = "Genrule" },
        Rule("test_timeout", "a test's timeout", "environment", "the environment variable TEST_TIMEOUT differs: '60' became '300'", """sh_test(name = "t", srcs = ["t.sh"], timeout = "short")""", """sh_test(name = "t", srcs = ["t.sh"], timeout = "moderate")""") with
        {
            Mnemonic = "TestRunner",
            FilesBefore = Files(("t.sh", "#!/bin/sh\n")),
        },
        Rule("new_target", "a new target", "firstSeen", "seen for the first time: no earlier action here makes …/t.o for //cases/new_target:t", "", """run(name = "t")"""),
        File("header", "a header", "inputChanged", "cases/header/x.h changed", """run(name = "t", hdrs = ["x.h"])""", ("x.h", "#define X 1\n"), ("x.h", "#define X 2\n")),
        Rule("header_added", "a header more", "inputAdded", "the input cases/header_added/y.h is new", """run(name = "t", hdrs = ["x.h"])""", """run(name = "t", hdrs = ["x.h", "y.h"])""") with
        {
            FilesBefore = Files(("x.h", "1\n"), ("y.h", "2\n")),
        },
        Rule("header_gone", "a header less", "inputRemoved", "the input cases/header_gone/y.h is gone", """run(name = "t", hdrs = ["x.h", "y.h"])""", """run(name = "t", hdrs = ["x.h"])""") with
        {
            FilesBefore = Files(("x.h", "1\n"), ("y.h", "2\n")),
        },
        Rule("source_added", "a source more, which the command names", "inputAdded", "the input cases/source_added/b.c is new", """run(name = "t", srcs = ["a.c"])""", """run(name = "t", srcs = ["a.c", "b.c"])""") with
        {
            FilesBefore = Files(("a.c", "1\n"), ("b.c", "2\n")),
        },
        Rule("source_renamed", "the name of a source", "inputRenamed", "the input cases/source_renamed/b.c was cases/source_renamed/a.c before", """run(name = "t", srcs = ["a.c"])""", """run(name = "t", srcs = ["b.c"])""") with
        {
            FilesBefore = Files(("a.c", "the same\n")),
            FilesAfter = Files(("b.c", "the same\n")),
        },
        File("compiler", "the compiler", "toolchain", "the tool cases/compiler/cc.sh changed: another toolchain", """run(name = "t", tool = "cc.sh")""", ("cc.sh", Tool), ("cc.sh", OtherTool)),
        Rule("program", "the path of the compiler", "toolchain", "the program differs: 'cases/program/cc-1.sh' became 'cases/program/cc-2.sh': another toolchain", """run(name = "t", tool = "cc-1.sh")""", """run(name = "t", tool = "cc-2.sh")""") with
        {
            FilesBefore = Files(("cc-1.sh", Tool), ("cc-2.sh", OtherTool)),
        },
        File("made_tool", "the source of a tool that the build makes", "inputChanged", "cases/made_tool/cc.in changed", """
            genrule(name = "make", srcs = ["cc.in"], outs = ["cc.sh"], cmd = "cp $< $@", executable = 1)
            run(name = "t", tool = ":make")
            """, ("cc.in", Tool), ("cc.in", OtherTool)),
        File("generated", "what a header is generated from", "inputChanged", "cases/generated/x.in changed", """
            genrule(name = "generate", srcs = ["x.in"], outs = ["x.h"], cmd = "cp $< $@")
            run(name = "t", hdrs = ["x.h"])
            """, ("x.in", "1\n"), ("x.in", "2\n")),
        File("generated_twice", "what a header is generated from, in two steps", "inputChanged", "cases/generated_twice/x.in changed", """
            genrule(name = "first", srcs = ["x.in"], outs = ["x.mid"], cmd = "cp $< $@")
            genrule(name = "second", srcs = ["x.mid"], outs = ["x.h"], cmd = "sort $< > $@")
            run(name = "t", hdrs = ["x.h"])
            """, ("x.in", "1\n"), ("x.in", "2\n")),
        Rule("random", "nothing: a header has the time in it", "notReproducible", "…x.h differs, though the action that makes it (//cases/random:generate) is the same as before: it makes another output when it runs again", """
            genrule(name = "generate", outs = ["x.h"], cmd = "date +%s%N > $@", tags = ["no-cache"])
            run(name = "t", hdrs = ["x.h"])
            """, ""),
        Rule("shell_environment", "--action_env", "environment", "the environment variable FLAVOUR is new: 'sweet'", """run(name = "t", use_shell_environment = True)""", "") with { Flags = "--action_env=FLAVOUR=sweet" },
        Rule("configuration", "-c opt", "configuration", "the configuration differs: outputs are below bazel-out/k8-opt instead of bazel-out/k8-fastbuild", """run(name = "t")""", "") with { Flags = "--compilation_mode=opt" },
    ];

    /// <summary>What all packages use.</summary>
    public static void WriteRulesTo(Bazel.BazelWorkspace workspace)
    {
        workspace.Write("rules/BUILD", """exports_files(["cc.sh"])""");
        WriteTool(workspace, "rules/cc.sh", Tool);
        workspace.Write("rules/defs.bzl", """
            def _run(ctx):
                out = ctx.outputs.out or ctx.actions.declare_file(ctx.label.name + ".o")
                args = ctx.actions.args()
                args.add_all(ctx.attr.flags)
                args.add_all(ctx.files.srcs)
                args.add("-o", out)
                if ctx.attr.response_file:
                    args.use_param_file("@%s", use_always = True)
                    args.set_param_file_format("multiline")
                ctx.actions.run(
                    executable = ctx.executable.tool,
                    arguments = [args],
                    inputs = ctx.files.srcs + ctx.files.hdrs,
                    outputs = [out],
                    env = ctx.attr.env,
                    use_default_shell_env = ctx.attr.use_shell_environment,
                    execution_requirements = ctx.attr.requirements,
                    mnemonic = "Run",
                )
                return [DefaultInfo(files = depset([out]))]

            run = rule(implementation = _run, attrs = {
                "flags": attr.string_list(),
                "srcs": attr.label_list(allow_files = True),
                "hdrs": attr.label_list(allow_files = True),
                "tool": attr.label(executable = True, cfg = "host", allow_files = True, default = "//rules:cc.sh"),
                "env": attr.string_dict(),
                "use_shell_environment": attr.bool(),
                "requirements": attr.string_dict(),
                "response_file": attr.bool(),
                "out": attr.output(),
            })
            """);
    }

    /// <summary>Writes a package as it is before, or after, the change.</summary>
    public static void WriteTo(Bazel.BazelWorkspace workspace, DeliberateChange change, bool isAfter)
    {
        string rules = isAfter && change.After.Length > 0 ? change.After : change.Before;
        workspace.Write($"cases/{change.Target}/BUILD", $"load(\"//rules:defs.bzl\", \"run\")\n{rules}\n");
        foreach ((string path, string content) in isAfter && change.FilesAfter.Count > 0 ? change.FilesAfter : change.FilesBefore)
            WriteTool(workspace, $"cases/{change.Target}/{path}", content);
    }

    private static void WriteTool(Bazel.BazelWorkspace workspace, string path, string content)
    {
        workspace.Write(path, content);
        System.IO.File.SetUnixFileMode(workspace.Source(path), (UnixFileMode)0b111_101_101);
    }

    private static DeliberateChange Rule(string target, string what, string kind, string sentence, string before, string after) =>
        new(what, target, kind, sentence) { Before = before, After = after };

    private static DeliberateChange File(string target, string what, string kind, string sentence, string rule, (string, string) before, (string, string) after) =>
        new(what, target, kind, sentence) { Before = rule, FilesBefore = Files(before), FilesAfter = Files(after) };

    private static Dictionary<string, string> Files(params (string Path, string Content)[] files) => files.ToDictionary(file => file.Path, file => file.Content);
}
